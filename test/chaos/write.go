package chaos

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/test/scm/github"
	"github.com/argoproj-labs/commit-status-hub/test/scm/gitlab"
	"github.com/argoproj-labs/commit-status-hub/test/scm/wire"
)

// Write is a request to an SCM to show something.
type Write struct {
	At, Answered time.Time
	// Instance is the process that sent it, "" where that is not known.
	Instance string
	// Repository and SHA are empty where the request does not tell.
	Place
	Content
	// Creates says that it makes a status beside the others. Run is the check run that
	// it is about, 0 where it was not made.
	Creates bool
	Run     int64
	// ExternalID is what the check run is marked by.
	ExternalID string
	// Took says that it took effect.
	Took bool
}

// githubPhase is what a check run shows.
func githubPhase(status, conclusion string) v1alpha1.Phase {
	switch {
	case conclusion == "cancelled":
		return v1alpha1.PhaseCanceled
	case conclusion != "":
		return v1alpha1.Phase(conclusion)
	}
	return v1alpha1.Phase(status)
}

// gitlabPhases are what states show.
var gitlabPhases = map[string]v1alpha1.Phase{
	"pending": v1alpha1.PhaseQueued, "running": v1alpha1.PhaseInProgress,
	"success": v1alpha1.PhaseSuccess, "failed": v1alpha1.PhaseFailure, "canceled": v1alpha1.PhaseCanceled,
}

// githubWrite reads a call. runs are the check runs by ID: a request that changes one does
// not say where it is.
func githubWrite(call wire.Call, runs map[int64]github.CheckRun) (Write, error) {
	var body struct {
		Name       string `json:"name"`
		HeadSHA    string `json:"head_sha"`
		ExternalID string `json:"external_id"`
		Status     string `json:"status"`
		Conclusion string `json:"conclusion"`
		DetailsURL string `json:"details_url"`
		Output     struct {
			Summary string `json:"summary"`
		} `json:"output"`
	}
	var made struct {
		ID int64 `json:"id"`
	}
	parts := strings.Split(call.Path, "/") // "", repos, owner, name, check-runs, and an ID
	if err := json.Unmarshal(call.RequestBody, &body); err != nil || len(parts) < 5 {
		return Write{}, fmt.Errorf("reading %s %s: it is no check run: %w", call.Method, call.Path, err)
	}
	w := Write{
		At: call.At, Answered: call.Answered, Took: took(call), Creates: call.Operation == github.OpCreateCheckRun,
		Place:      Place{Repository: parts[2] + "/" + parts[3], SHA: body.HeadSHA, Name: body.Name},
		Content:    Content{githubPhase(body.Status, body.Conclusion), body.Output.Summary, body.DetailsURL},
		ExternalID: body.ExternalID,
	}
	if !w.Creates {
		id, err := strconv.ParseInt(parts[len(parts)-1], 10, 64)
		if err != nil {
			return w, fmt.Errorf("reading %s: %w", call.Path, err)
		}
		w.Run, w.SHA, w.ExternalID = id, runs[id].HeadSHA, runs[id].ExternalID
		return w, nil
	}
	if w.Took {
		if err := json.Unmarshal(call.ResponseBody, &made); err != nil {
			return w, fmt.Errorf("reading the answer to %s: %w", call.Path, err)
		}
		w.Run = made.ID
	}
	return w, nil
}

// gitlabWrite reads a call.
func gitlabWrite(call wire.Call) (Write, error) {
	var body struct {
		State       string `json:"state"`
		Name        string `json:"name"`
		Description string `json:"description"`
		TargetURL   string `json:"target_url"`
	}
	parts := strings.Split(strings.TrimPrefix(call.Path, "/api/v4/projects/"), "/") // project, statuses, hash
	if err := json.Unmarshal(call.RequestBody, &body); err != nil || len(parts) != 3 {
		return Write{}, fmt.Errorf("reading %s %s: it is no status: %w", call.Method, call.Path, err)
	}
	project, err := url.PathUnescape(parts[0])
	if err != nil {
		return Write{}, fmt.Errorf("reading %s: %w", call.Path, err)
	}
	return Write{
		At: call.At, Answered: call.Answered, Took: took(call), Creates: call.Operation == gitlab.OpSetStatus,
		Place:   Place{Repository: project, SHA: parts[2], Name: body.Name},
		Content: Content{gitlabPhases[body.State], body.Description, body.TargetURL},
	}, nil
}

func took(call wire.Call) bool {
	return call.Status == http.StatusOK || call.Status == http.StatusCreated
}
