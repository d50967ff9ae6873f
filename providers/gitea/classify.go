package gitea

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/argoproj-labs/commit-status-hub/ratelimit"
)

// Classify is a ratelimit.Classifier for Gitea and Forgejo. Its error is always nil.
//
// Only a 429 is a limit, whatever its body. A proxy's budget headers are not read: their window
// and their scope are unknown.
func Classify(req *http.Request, resp *http.Response, body []byte, now time.Time) (ratelimit.Feedback, error) {
	var f ratelimit.Feedback
	switch {
	case resp.StatusCode == http.StatusTooManyRequests:
		f.Limited = true
		f.PauseUntil, _ = ratelimit.RetryAfter(resp.Header, now)
	case resp.StatusCode == http.StatusInternalServerError && aboutTheRequest(req, body):
		f.Works = true
	case resp.StatusCode >= http.StatusInternalServerError:
		f.PauseUntil, _ = ratelimit.RetryAfter(resp.Header, now)
	}
	return f, nil
}

// aboutTheRequest reports whether a 500 means that a status cannot be written: to a missing
// commit Gitea responds "object does not exist".
//
// In production that text is hidden from users who are no administrators, and the message is
// empty. So an empty message of Gitea's own counts as well, in response to the writing of a
// status: that the user and the repository were found shows that Gitea and its database work.
func aboutTheRequest(req *http.Request, body []byte) bool {
	var said struct{ Message, URL string }
	if json.Unmarshal(body, &said) != nil {
		return false
	}
	if strings.Contains(said.Message, "object does not exist") {
		return true
	}
	return said.Message == "" && strings.HasSuffix(said.URL, "/api/swagger") &&
		req.Method == http.MethodPost && strings.Contains(req.URL.Path, "/statuses/")
}
