package github

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/argoproj-labs/commit-status-hub/ratelimit"
)

// Operations as they are named in metrics.
const (
	opCreate           = "create_check_run"
	opUpdate           = "update_check_run"
	opList             = "list_check_runs"
	opCreateStatus     = "create_status"
	opListStatuses     = "list_statuses"
	opFindUser         = "find_user"
	opCreateToken      = "create_token"
	opFindInstallation = "find_installation"
	opGetRepository    = "get_repository"
)

// deadline ends what its caller gave no deadline of its own.
const deadline = 30 * time.Second

// question is what was asked, for the words about the answer.
type question struct {
	operation    string
	repository   string
	sha          string
	host         string
	name         string // of the status that is written, where it is no check run
	run          int64
	appID        int64
	installation int64
	// ahead is how far the hub's clock was ahead of GitHub's at the answer.
	ahead time.Duration
	// rootless reports whether spec.github.apiURL is neither github.com's API nor ends in the path
	// that GitHub Enterprise Server has its API at.
	rootless bool
	// holder is whose plain token is sent, "" where an App asks.
	holder string
}

// write reports whether a lost answer may leave something behind in GitHub that
// has to be looked up.
func (q question) write() bool {
	return q.operation == opCreate || q.operation == opUpdate || q.operation == opCreateStatus
}

// who is whom GitHub takes the request to come from.
func (q question) who() string {
	switch {
	case q.holder != "":
		return q.holder
	case q.installation == 0:
		return fmt.Sprintf("GitHub App %d", q.appID)
	}
	return fmt.Sprintf("installation %d of GitHub App %d", q.installation, q.appID)
}

// attempt is one request and how it went.
type attempt struct {
	question question
	// remote learns GitHub's time from the answer, nil where nothing is signed.
	remote *remoteClock
	// left is set once the request may have reached GitHub.
	left atomic.Bool
	// status is of the answer, 0 without one.
	status int
	// err is how the transport failed; go-github hides it behind the context's.
	err error
}

type attemptKey struct{}

// begin starts an attempt of the App, or of an installation of it.
func (a *account) begin(ctx context.Context, q question) (context.Context, *attempt) {
	q.appID = a.appID
	ctx, at := a.site.begin(ctx, q)
	at.remote = a.remote
	return ctx, at
}

// begin starts an attempt that the transports find in the context.
func (s *site) begin(ctx context.Context, q question) (context.Context, *attempt) {
	q.host, q.rootless = s.host, s.rootless()
	at := &attempt{question: q}
	ctx = ratelimit.WithOperation(ctx, kindName, q.operation)
	return context.WithValue(ctx, attemptKey{}, at), at
}

func attemptOf(ctx context.Context) *attempt {
	at, ok := ctx.Value(attemptKey{}).(*attempt)
	if !ok {
		return &attempt{}
	}
	return at
}

func withDeadline(ctx context.Context) (context.Context, context.CancelFunc) {
	if _, ok := ctx.Deadline(); ok {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, deadline)
}
