package bitbucket

import (
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
	"github.com/argoproj-labs/commit-status-hub/ratelimit"
)

// errNoBuild is that a key has no build status.
var errNoBuild = providers.Errorf(v1alpha1.ReasonCommitNotFound, "there is no such build status")

func isNoBuild(err error) bool { return errors.Is(err, errNoBuild) }

// readAnswer is the ratelimit.Classifier of every request to Bitbucket. What
// Bitbucket refused is its error.
func (a *account) readAnswer(req *http.Request, resp *http.Response, body []byte, now time.Time) (ratelimit.Feedback, error) {
	feedback, _ := Classify(req, resp, body, now)
	if resp.StatusCode < http.StatusBadRequest {
		return feedback, nil
	}
	said := parse(body)
	feedback.Foreign = providers.OfProxy(resp.StatusCode, said.own)
	return feedback, a.refused(questionOf(req.Context()), resp.StatusCode, said)
}

// complaint is the body of an answer from 400 on, of either service.
type complaint struct {
	// message is what it says, on one line, "" for nothing that is JSON.
	message string
	// exception is the class of Data Center's error.
	exception string
	// own reports whether it has the form of Bitbucket's errors.
	own bool
}

func parse(body []byte) complaint {
	var said struct {
		// Cloud.
		Error struct {
			Message string          `json:"message"`
			Fields  json.RawMessage `json:"fields"`
		} `json:"error"`
		// Data Center.
		Errors []struct {
			Message       string `json:"message"`
			ExceptionName string `json:"exceptionName"`
		} `json:"errors"`
	}
	if json.Unmarshal(body, &said) != nil {
		return complaint{own: providers.Endless(body)}
	}
	if len(said.Errors) == 0 {
		message := providers.Sentence(withFields(said.Error.Message, said.Error.Fields))
		return complaint{message: message, own: message != ""}
	}
	first := said.Errors[0]
	message := providers.Sentence(first.Message)
	return complaint{message: message, exception: first.ExceptionName, own: message != "" || first.ExceptionName != ""}
}

// withFields adds to Cloud's message what it says about each field, by name, unless the
// message repeats it already. A field has a text or several.
func withFields(message string, raw json.RawMessage) string {
	var fields map[string]json.RawMessage
	if json.Unmarshal(raw, &fields) != nil {
		return message
	}
	var parts []string
	if message != "" {
		parts = append(parts, message)
	}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		var several []string
		var one string
		if json.Unmarshal(fields[name], &several) != nil && json.Unmarshal(fields[name], &one) == nil {
			several = []string{one}
		}
		for _, text := range several {
			if text != "" && !strings.Contains(message, text) {
				parts = append(parts, name+": "+text)
			}
		}
	}
	return strings.Join(parts, "; ")
}

// refused says what an answer from 400 on means.
func (a *account) refused(q question, status int, said complaint) *providers.Error {
	switch {
	case status == http.StatusTooManyRequests:
		return providers.Errorf(v1alpha1.ReasonPending, "%s limits the requests of this credential", q.host)
	case status >= http.StatusInternalServerError, status == http.StatusRequestTimeout:
		e := providers.Errorf(v1alpha1.ReasonUnavailable, "%s answered %d %s", q.host, status, http.StatusText(status))
		e.Unknown = q.write()
		return e
	}
	if providers.OfProxy(status, said.own) {
		return providers.ProxyAnswered(q.host, a.title, status, q.write())
	}
	switch status {
	case http.StatusUnauthorized:
		return providers.Refuse(providers.RefusedAccount, v1alpha1.ReasonCredentialsInvalid, "%s refuses the credential%s", q.host, quoted(said))
	case http.StatusForbidden:
		if a.service == cloud && q.write() {
			// Since 2021, according to its change log. The words of that refusal are not
			// documented.
			return providers.Refuse(providers.RefusedRepository, v1alpha1.ReasonCredentialsInvalid,
				"the credential lacks a permission in repository %s, or the status is another user's, who alone may change it%s",
				q.repository, quoted(said))
		}
		return providers.Refuse(providers.RefusedRepository, v1alpha1.ReasonCredentialsInvalid,
			"the credential lacks a permission in repository %s%s", q.repository, quoted(said))
	case http.StatusNotFound:
		return missing(q, said)
	}
	if said.message == "" {
		return providers.Errorf(v1alpha1.ReasonInvalid, "%s refused it: %d %s", a.title, status, http.StatusText(status))
	}
	return providers.Errorf(v1alpha1.ReasonInvalid, "%s refused it: %s", a.title, said.message)
}

// missing is a 404, of a commit, of a key on it, or of the repository, which is also
// said where it is not for us to see.
func missing(q question, said complaint) *providers.Error {
	text := strings.ToLower(said.message)
	switch {
	case strings.HasSuffix(said.exception, ".NoSuchCommitException"), said.exception == "" && strings.HasPrefix(text, "commit "):
		return providers.Errorf(v1alpha1.ReasonCommitNotFound, "repository %s has no commit %s", q.repository, q.sha)
	case q.operation == opGet && !strings.Contains(text, "repository") && !strings.Contains(text, "project"):
		return errNoBuild
	}
	return providers.Refuse(providers.RefusedRepository, v1alpha1.ReasonRepoNotFound,
		"repository %s does not exist, or the credential has no access to it", q.repository)
}

// quoted is what Bitbucket said, to be put at the end of a sentence.
func quoted(said complaint) string {
	if said.message == "" {
		return ""
	}
	return ": " + said.message
}
