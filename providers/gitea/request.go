package gitea

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
	"github.com/argoproj-labs/commit-status-hub/ratelimit"
)

// Operations as they are named in metrics.
const (
	opCreate = "create_status"
	opList   = "list_statuses"
	opUser   = "get_user"
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

// write reports whether a lost answer may leave something behind in Gitea that has
// to be looked up.
func (q question) write() bool { return q.operation == opCreate }

type questionKey struct{}

func questionOf(ctx context.Context) question {
	q, _ := ctx.Value(questionKey{}).(question)
	return q
}

// get reads what is at path into v, in one request, and returns the header.
func (a *account) get(ctx context.Context, q question, path string, v any) (http.Header, error) {
	return a.do(ctx, q, http.MethodGet, path, nil, http.StatusOK, v)
}

// post sends body to path and reads what that makes into v, in one request.
func (a *account) post(ctx context.Context, q question, path string, body, v any) error {
	encoded, err := json.Marshal(body)
	if err != nil {
		return providers.Errorf(v1alpha1.ReasonInvalid, "it cannot be written as JSON")
	}
	_, err = a.do(ctx, q, http.MethodPost, path, ascii(encoded), http.StatusCreated, v)
	return err
}

// ascii escapes what is beyond ASCII in JSON. Gitea 1.25.5 breaks a character whose
// bytes are on both sides of where it reads on, about each 4096 bytes.
func ascii(encoded []byte) []byte {
	out := make([]byte, 0, len(encoded))
	for _, r := range string(encoded) {
		switch {
		case r < utf8.RuneSelf:
			out = append(out, byte(r))
		case r > 0xFFFF:
			high, low := utf16.EncodeRune(r)
			out = fmt.Appendf(out, `\u%04x\u%04x`, high, low)
		default:
			out = fmt.Appendf(out, `\u%04x`, r)
		}
	}
	return out
}

// do makes one request and reads the answer, which has to have a status, into v.
func (a *account) do(ctx context.Context, q question, method, path string, body []byte, status int, v any) (http.Header, error) {
	q.host = a.host
	var left atomic.Bool
	ctx = ratelimit.WithOperation(context.WithValue(ctx, questionKey{}, q), kindName, q.operation)
	// From when it has a connection on, a request may have reached Gitea.
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { left.Store(true) }})
	req, err := http.NewRequestWithContext(ctx, method, a.api.String()+path, bytes.NewReader(body))
	if err != nil {
		return nil, a.failed(q, false, err)
	}
	if body == nil {
		req.Body, req.GetBody = nil, nil
	} else {
		req.Header.Set("Content-Type", "application/json")
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("Authorization", "token "+a.token.token)
	req.Header.Set("User-Agent", userAgent)
	resp, err := a.http.Do(req)
	if err != nil {
		return nil, a.failed(q, left.Load(), err)
	}
	defer func() { _ = resp.Body.Close() }()
	// The transport ends a body that is too long, and refuses statuses from 400 on.
	text, err := io.ReadAll(resp.Body)
	if err == nil && (resp.StatusCode != status || json.Unmarshal(text, v) != nil) {
		err = providers.ErrNotUnderstood
	}
	if err != nil {
		return nil, a.failed(q, left.Load(), err)
	}
	return resp.Header, nil
}

// failed turns what a request ended with into an *Error. left says that it may have
// reached Gitea.
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
			"%s redirects what is written to repository %s: it has another name now, or spec.gitea.apiURL is not the API's own address",
			q.host, q.repository)
	}
	providers.Redirected(req.Context())
	return nil
}
