package gitea

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
	"github.com/argoproj-labs/commit-status-hub/ratelimit"
)

// readAnswer is the ratelimit.Classifier of every request to Gitea. What Gitea
// refused is its error.
func readAnswer(req *http.Request, resp *http.Response, body []byte, now time.Time) (ratelimit.Feedback, error) {
	feedback, _ := Classify(req, resp, body, now)
	if resp.StatusCode < http.StatusBadRequest {
		return feedback, nil
	}
	said, own := message(body)
	feedback.Foreign = providers.OfProxy(resp.StatusCode, own)
	if q := questionOf(req.Context()); feedback.Foreign {
		return feedback, providers.ProxyAnswered(q.host, "Gitea", resp.StatusCode, q.write())
	}
	return feedback, refused(questionOf(req.Context()), resp.StatusCode, feedback, said)
}

// errAnonymous reports that the access token's scopes do not permit to read its own user.
var errAnonymous = providers.Errorf(v1alpha1.ReasonCredentialsInvalid, "the access token lacks the scope read:user")

// message is what Gitea says of an error, on one line, "" for nothing. own reports whether
// the body has the form of Gitea's errors.
func message(body []byte) (said string, own bool) {
	var c struct {
		Message *string
		URL     string
	}
	if json.Unmarshal(body, &c) != nil {
		return "", providers.Endless(body)
	}
	if c.Message == nil {
		return "", false
	}
	said = providers.Sentence(*c.Message)
	return said, said != "" || c.URL != ""
}

// refused says what an answer from 400 on means.
func refused(q question, status int, f ratelimit.Feedback, said string) *providers.Error {
	switch {
	case f.Limited:
		return providers.Errorf(v1alpha1.ReasonPending, "%s limits the requests", q.host)
	case f.Works && strings.HasPrefix(said, "GetCommit["):
		return providers.Errorf(v1alpha1.ReasonCommitNotFound, "repository %s has no commit %s", q.repository, q.sha)
	case f.Works && said == "":
		// It may be something else that went wrong, even after the status was stored.
		e := providers.Errorf(v1alpha1.ReasonCommitNotFound,
			"repository %s has no commit %s, or Gitea has a failure: it tells its administrators alone", q.repository, q.sha)
		e.Unknown = q.write()
		return e
	case status >= http.StatusInternalServerError, status == http.StatusRequestTimeout:
		e := providers.Errorf(v1alpha1.ReasonUnavailable, "%s answered %d %s", q.host, status, http.StatusText(status))
		e.Unknown = q.write()
		return e
	}
	switch status {
	case http.StatusUnauthorized:
		return providers.Refuse(providers.RefusedAccount, v1alpha1.ReasonCredentialsInvalid, "%s refuses the access token%s", q.host, quoted(said))
	case http.StatusForbidden:
		return denied(q, said)
	case http.StatusNotFound:
		return providers.Refuse(providers.RefusedRepository, v1alpha1.ReasonRepoNotFound,
			"repository %s does not exist, or the token's user has no access to it", q.repository)
	case http.StatusLocked:
		return providers.Errorf(v1alpha1.ReasonInvalid, "repository %s is archived, which makes it read-only", q.repository)
	}
	if said == "" {
		return providers.Errorf(v1alpha1.ReasonInvalid, "Gitea refused it: %d %s", status, http.StatusText(status))
	}
	return providers.Errorf(v1alpha1.ReasonInvalid, "Gitea refused it: %s", said)
}

func denied(q question, said string) *providers.Error {
	switch {
	case q.operation == opUser:
		return errAnonymous
	case strings.Contains(said, "limited to public"):
		return providers.Refuse(providers.RefusedRepository, v1alpha1.ReasonCredentialsInvalid,
			"the access token is for public repositories only, which %s is not", q.repository)
	case strings.Contains(said, "scope"):
		need := "read:repository"
		if q.write() {
			need = "write:repository"
		}
		return providers.Refuse(providers.RefusedPermission, v1alpha1.ReasonCredentialsInvalid, "the access token lacks the scope %s", need)
	case q.write():
		return providers.Refuse(providers.RefusedRepository, v1alpha1.ReasonCredentialsInvalid,
			"the token's user may not write to repository %s%s", q.repository, quoted(said))
	}
	return providers.Refuse(providers.RefusedRepository, v1alpha1.ReasonCredentialsInvalid, "Gitea denies it to the token's user%s", quoted(said))
}

// quoted is what Gitea said, to be put at the end of a sentence.
func quoted(said string) string {
	if said == "" {
		return ""
	}
	return ": " + said
}
