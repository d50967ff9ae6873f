package bitbucket

import (
	"net/http"
	"time"

	"github.com/argoproj-labs/commit-status-hub/ratelimit"
)

// Classify is a ratelimit.Classifier for Bitbucket Cloud and Data Center, which
// differ in their headers alone. Its error is always nil.
//
// Only a 429 is a limit, whatever its body. Data Center's token bucket puts a
// Retry-After on every answer, which is 0 while there are tokens, so with it a
// failure of the server does not ask for a pause.
func Classify(_ *http.Request, resp *http.Response, _ []byte, now time.Time) (ratelimit.Feedback, error) {
	f := ratelimit.Budget(resp.Header, now)
	switch {
	case resp.StatusCode == http.StatusTooManyRequests:
		f.Limited, f.PauseUntil = true, ratelimit.PauseAsked(resp.Header, now)
	case resp.StatusCode >= http.StatusInternalServerError && f.Refill == 0:
		f.PauseUntil, _ = ratelimit.RetryAfter(resp.Header, now)
	}
	return f, nil
}
