package providercontract

import (
	"errors"
	"net/http"
	"strconv"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/argoproj-labs/commit-status-hub/providers"
	"github.com/argoproj-labs/commit-status-hub/ratelimit"
)

// Answer is what an SCM may answer, whatever it says.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
	// At is when it came.
	At time.Time
}

// longestPause is the longest that any answer pauses an installation for.
const longestPause = 24 * time.Hour

// FuzzAnswers has a provider read answers that no SCM should make: nothing panics,
// nobody is paused for ever or for a refusal of one status, and what is told is one
// short line. read is what its classifier makes of an answer to a write, or to a read.
func FuzzAnswers(f *testing.F, read func(a Answer, write bool) (ratelimit.Feedback, error)) {
	f.Add(403, "60", "0", "4102444800", []byte(`{"message":"You have exceeded a secondary rate limit."}`), true)
	f.Add(429, "", "", "", []byte("Retry later"), false)
	f.Add(400, "", "12", "1", []byte(`{"message":{"target_url":["is blocked"],"name":[1]}}`), true)
	f.Add(404, "-1", "x", "99999999999999", []byte(`{"errors":[{"message":null,"exceptionName":"x"}]}`), false)
	f.Add(422, "1e9", "0", "0", []byte(`{"message":"Validation Failed","errors":[{"code":"custom","message":"\u0000"}]}`), true)
	f.Add(500, "Fri, 31 Dec 9999 23:59:59 GMT", "", "", []byte(`{"message":"GetCommit[\u202e]"}`), true)
	f.Add(200, "", "4999", "4102444800", []byte("<html>"), false)
	f.Fuzz(func(t *testing.T, status int, retryAfter, remaining, reset string, body []byte, write bool) {
		a := Answer{Status: 200 + (status%400+400)%400, Header: http.Header{}, Body: body, At: time.Unix(1_795_600_000, 0)}
		a.Header.Set("Retry-After", retryAfter)
		for _, family := range []string{"X-RateLimit-", "RateLimit-"} {
			a.Header.Set(family+"Limit", strconv.Itoa(5000))
			a.Header.Set(family+"Remaining", remaining)
			a.Header.Set(family+"Reset", reset)
		}
		feedback, err := read(a, write)
		if pause := feedback.PauseUntil.Sub(a.At); !feedback.PauseUntil.IsZero() && (pause <= 0 || pause > longestPause) {
			t.Fatalf("a pause of %s", pause)
		}
		if a.Status < http.StatusBadRequest {
			if err != nil || feedback.Limited {
				t.Fatalf("%d is no success: %v, %+v", a.Status, err, feedback)
			}
			return
		}
		checkRefusal(t, a, feedback, err)
	})
}

// checkRefusal checks what is made of an answer from 400 on.
func checkRefusal(t *testing.T, a Answer, feedback ratelimit.Feedback, err error) {
	t.Helper()
	var e *providers.Error
	switch {
	case !errors.As(err, &e) || e.Reason == "" || e.Message == "":
		t.Fatalf("%d tells nothing: %v", a.Status, err)
	case e.Message != providers.Sentence(e.Message) || utf8.RuneCountInString(e.Message) > 300:
		t.Fatalf("no short line: %q", e.Message)
	case a.Status == http.StatusTooManyRequests && !feedback.Limited:
		t.Fatal("429 is no limit")
	case (a.Status == http.StatusNotFound || a.Status == http.StatusUnprocessableEntity) && (feedback.Limited || !feedback.PauseUntil.IsZero()):
		t.Fatalf("%d pauses the installation: %+v", a.Status, feedback)
	}
}
