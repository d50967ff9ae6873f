package githubspec_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/argoproj-labs/commit-status-hub/test/githubspec"
	"github.com/argoproj-labs/commit-status-hub/test/scm/github"
)

const (
	app          = 12345
	installation = 678
	repository   = "acme/shop"
)

var sha = strings.Repeat("a1", 20)

// fetched is what GitHub itself has said, as get fetches it. Where it cannot be had the
// test is skipped, unless CI counts on it.
func fetched[T any](t *testing.T, what string, get func(context.Context) (T, error)) T {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	got, err := get(ctx)
	if err != nil && os.Getenv("CI") != "true" {
		if errors.Is(err, githubspec.ErrNoNPM) {
			t.Skipf("not checked against %s: %v", what, err)
		}
		t.Skipf("not checked against %s, which cannot be had: %v", what, err)
	}
	NewWithT(t).Expect(err).NotTo(HaveOccurred(), "with CI=true it takes %s", what)
	return got
}

// checker is one over GitHub's description.
func checker(t *testing.T) *githubspec.Checker {
	t.Helper()
	c, err := githubspec.NewChecker(fetched(t, "GitHub's own description", githubspec.Description))
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	return c
}

// server is a fake GitHub with one app, its key, and one repository.
func server(t *testing.T, opts ...github.Option) (*github.Server, []byte) {
	t.Helper()
	s := github.New(opts...)
	t.Cleanup(s.Close)
	key := s.AddApp(app)
	s.Install(app, installation, "acme")
	s.Install(app, 700, "jane", github.ForUser())
	s.AddRepo(repository, sha)
	return s, key
}

// valid checks a ledger.
func valid(t *testing.T, c *githubspec.Checker, calls []github.Call) {
	t.Helper()
	for _, call := range calls {
		if err := c.Check(call); err != nil {
			t.Errorf("%v\nrequest: %.500s\nanswer: %.500s", err, call.RequestBody, call.ResponseBody)
		}
	}
}

// changed is a call with one text in its bodies replaced.
func changed(call github.Call, from, to string) github.Call {
	call.RequestBody = bytes.ReplaceAll(call.RequestBody, []byte(from), []byte(to))
	call.ResponseBody = bytes.ReplaceAll(call.ResponseBody, []byte(from), []byte(to))
	return call
}
