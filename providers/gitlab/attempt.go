package gitlab

import (
	"context"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/argoproj-labs/commit-status-hub/ratelimit"
)

// Operations as they are named in metrics.
const (
	opSet  = "set_status"
	opList = "list_statuses"
	opUser = "get_user"
	opPath = "get_project"
)

// deadline ends what its caller gave no deadline of its own. GitLab waits for up to
// 10 s for other writes to the same commit, before it answers 409.
const deadline = 30 * time.Second

// question is what was asked, for the words about the answer.
type question struct {
	operation  string
	host       string
	who        string
	repository string
	sha        string
	pipeline   int64
}

// write reports whether a lost answer may leave something behind in GitLab that
// has to be looked up.
func (q question) write() bool { return q.operation == opSet }

// attempt is one request and how it went.
type attempt struct {
	question question
	// left is set once the request may have reached GitLab.
	left atomic.Bool
	// status is of the answer, 0 without one.
	status int
	// header is of the answer, nil without one.
	header http.Header
	// err is how the transport failed; the client wraps it, or hides it.
	err error
}

type attemptKey struct{}

// begin starts an attempt that the transports find in the context.
func (a *account) begin(ctx context.Context, q question) (context.Context, *attempt) {
	q.host, q.who = a.host, a.who()
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
