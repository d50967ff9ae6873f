package gitlab

import (
	"net/http"
	"time"

	"github.com/argoproj-labs/commit-status-hub/ratelimit"
)

// Classify is a ratelimit.Classifier for GitLab. Its error is always nil.
//
// Only a 429 is a limit, whatever its body: mostly the text "Retry later", JSON
// where a single endpoint has a limit of its own, and then often without any
// header. A 403 is about permissions, and a 409 says that another status of the
// same commit is being written, which nobody else has to wait for. GitLab counts
// a 304 like any other answer.
func Classify(_ *http.Request, resp *http.Response, _ []byte, now time.Time) (ratelimit.Feedback, error) {
	f := ratelimit.Budget(resp.Header, now)
	switch {
	case resp.StatusCode == http.StatusTooManyRequests:
		f.Limited, f.PauseUntil = true, ratelimit.PauseAsked(resp.Header, now)
	case resp.StatusCode >= http.StatusInternalServerError:
		f.PauseUntil, _ = ratelimit.RetryAfter(resp.Header, now)
	}
	return f, nil
}
