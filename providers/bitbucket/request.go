package bitbucket

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptrace"
	"slices"
	"sync/atomic"
	"time"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
	"github.com/argoproj-labs/commit-status-hub/ratelimit"
)

// Operations as they are named in metrics.
const (
	opCreate = "create_build_status"
	opUpdate = "update_build_status"
	opGet    = "get_build_status"
	opList   = "list_build_statuses"
	opPath   = "get_repository"
)

const (
	// deadline ends what its caller gave no deadline of its own.
	deadline = 30 * time.Second

	userAgent = "commit-status-hub"
)

// question is what was asked, for the words about the answer.
type question struct {
	operation  string
	repository string
	sha        string
	host       string
}

// write reports whether a lost answer may leave something behind in Bitbucket that
// has to be looked up.
func (q question) write() bool { return q.operation == opCreate || q.operation == opUpdate }

type questionKey struct{}

func questionOf(ctx context.Context) question {
	q, _ := ctx.Value(questionKey{}).(question)
	return q
}

// call is one request.
type call struct {
	question question
	method   string
	// path is below the root of the API. An address is used in its place.
	path, address string
	// body is sent as JSON, nil for none.
	body any
	// status is what the answer may have, and into what it is read; nil where it is
	// empty.
	status []int
	into   any
}

// do makes one request and reads the answer.
func (a *account) do(ctx context.Context, c call) error {
	q := c.question
	q.host = a.host
	var left atomic.Bool
	ctx = ratelimit.WithOperation(context.WithValue(ctx, questionKey{}, q), a.name, q.operation)
	// From when it has a connection on, a request may have reached Bitbucket.
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { left.Store(true) }})
	req, err := a.request(ctx, c)
	if err != nil {
		return a.failed(q, false, err)
	}
	resp, err := a.http.Do(req)
	if err != nil {
		return a.failed(q, left.Load(), err)
	}
	defer func() { _ = resp.Body.Close() }()
	// The transport ends a body that is too long, and refuses statuses from 400 on.
	text, err := io.ReadAll(resp.Body)
	if err == nil && (!slices.Contains(c.status, resp.StatusCode) || c.into != nil && json.Unmarshal(text, c.into) != nil) {
		err = providers.ErrNotUnderstood
	}
	if err != nil {
		return a.failed(q, left.Load(), err)
	}
	return nil
}

func (a *account) request(ctx context.Context, c call) (*http.Request, error) {
	address := c.address
	if address == "" {
		address = a.api.String() + c.path
	}
	var body io.Reader
	if c.body != nil {
		encoded, err := json.Marshal(c.body)
		if err != nil {
			return nil, err
		}
		body = bytes.NewReader(encoded)
	}
	req, err := http.NewRequestWithContext(ctx, c.method, address, body)
	if err != nil {
		return nil, err
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("Authorization", a.credential.header())
	req.Header.Set("User-Agent", userAgent)
	return req, nil
}

// failed turns what a request ended with into an *Error. left says that it may have
// reached Bitbucket.
func (a *account) failed(q question, left bool, err error) *providers.Error {
	return providers.Failed(a.host, left && q.write(), err)
}

func withDeadline(ctx context.Context) (context.Context, context.CancelFunc) {
	if _, ok := ctx.Deadline(); ok {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, deadline)
}

// readsOnly is CheckRedirect: reads of a renamed repository are followed at the same host,
// writes never are.
func readsOnly(req *http.Request, via []*http.Request) error {
	q := questionOf(req.Context())
	if err := ratelimit.SameHostOnly(req, via); err != nil {
		return providers.Errorf(v1alpha1.ReasonUnavailable, "%s answered with a redirect that is not followed: %v", q.host, err)
	}
	if q.write() {
		return providers.Errorf(v1alpha1.ReasonMoved,
			"%s redirects what is written to repository %s: it has another name now, or the apiURL is not the API's own address",
			q.host, q.repository)
	}
	providers.Redirected(req.Context())
	return nil
}
