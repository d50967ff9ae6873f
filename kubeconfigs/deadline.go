package kubeconfigs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// deadlines bound every request to a member: client-go sets none, and a member
// that accepts connections and never answers would hold its callers for good.
type deadlines struct {
	// request is for a whole request that is not a watch, its body read.
	request time.Duration
	// headers is for the first answer to a watch.
	headers time.Duration
	// grace is how much longer than its own timeoutSeconds a watch may last.
	grace time.Duration
}

var defaultDeadlines = deadlines{
	request: 30 * time.Second,
	headers: 30 * time.Second,
	grace:   30 * time.Second,
}

// watchDefault is how long a watch may last that does not say so itself. The
// reflectors of client-go always do; they ask for 5 to 10 minutes.
const watchDefault = 10 * time.Minute

// late is the error of a request that met its deadline.
type late struct{ after time.Duration }

func (l *late) Error() string {
	return fmt.Sprintf("the member did not answer in full within %s", l.after)
}

// Timeout implements net.Error.
func (*late) Timeout() bool { return true }

// Temporary implements net.Error.
func (*late) Temporary() bool { return true }

// roundTrip sends request by base under the deadlines. They hold until the body
// of the answer is closed.
func (d deadlines) roundTrip(base http.RoundTripper, request *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancelCause(request.Context())
	whole, headers := d.of(request)
	end := expire(whole, cancel)
	start := expire(headers, cancel)
	response, err := base.RoundTrip(request.WithContext(ctx))
	start.Stop()
	if missed := explain(ctx, nil); err == nil && missed != nil {
		// A server that sees the connection being closed ends its answer properly,
		// and that may still get through.
		_ = response.Body.Close()
		err = missed
	}
	if err != nil {
		end.Stop()
		err = explain(ctx, err)
		cancel(nil)
		return nil, err
	}
	response.Body = &bounded{ReadCloser: response.Body, ctx: ctx, release: func() {
		end.Stop()
		cancel(nil)
	}}
	return response, nil
}

// of returns what a request may take in all, and until its headers are there.
func (d deadlines) of(request *http.Request) (whole, headers time.Duration) {
	if !isWatch(request) {
		return d.request, d.request
	}
	whole = watchDefault
	if seconds, err := strconv.ParseInt(request.URL.Query().Get("timeoutSeconds"), 10, 32); err == nil && seconds > 0 {
		whole = time.Duration(seconds) * time.Second
	}
	return whole + d.grace, d.headers
}

func isWatch(request *http.Request) bool {
	watch, err := strconv.ParseBool(request.URL.Query().Get("watch"))
	return err == nil && watch
}

func expire(after time.Duration, cancel context.CancelCauseFunc) *time.Timer {
	return time.AfterFunc(after, func() { cancel(&late{after}) })
}

// explain says that it was the deadline which ended a request, where it was:
// HTTP/2 only says "context canceled", as if the caller had wished it.
func explain(ctx context.Context, err error) error {
	var missed *late
	if errors.As(context.Cause(ctx), &missed) {
		return missed
	}
	return err
}

// bounded is a body whose reading ends at the request's deadline.
type bounded struct {
	io.ReadCloser
	ctx     context.Context
	once    sync.Once
	release func()
}

// Read implements io.Reader. Even an end of the body is an error after the
// deadline: a server that sees the connection being closed ends its answer
// properly, and half of it would pass for the whole.
func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil {
		err = explain(b.ctx, err)
	}
	return n, err
}

// Close ends the request.
func (b *bounded) Close() error {
	err := b.ReadCloser.Close()
	b.once.Do(b.release)
	return err
}
