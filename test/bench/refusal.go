package main

import (
	"context"
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/test/scm/github"
)

const (
	// refusedMembers is how many members the changes are in.
	refusedMembers = 4
	// refusedFor is what the SCM asks for, and inFlight how long after that answer requests
	// may arrive that were sent before it.
	refusedFor, inFlight = 3 * time.Second, 250 * time.Millisecond
)

// measureRefusal measures how long a number of changes take of which the SCM refuses one in
// the middle, where nothing limits the hub but what the SCM says.
func measureRefusal(ctx context.Context, w *world, s settings) error {
	if err := w.unlimited(ctx); err != nil {
		return err
	}
	if err := w.prepare(ctx, refusedMembers); err != nil {
		return err
	}
	if err := w.join(ctx, refusedMembers); err != nil {
		return err
	}
	if err := w.startHub(); err != nil {
		return err
	}
	if err := w.rest(ctx, takeOver); err != nil {
		return err
	}
	if err := w.crowd(ctx, refusedMembers, 0, s.refused); err != nil {
		return err
	}
	if err := w.patched(ctx, s.refused); err != nil {
		return err
	}
	w.refuseOne(s.refused / 2)
	before, begin := w.scmCalls(), time.Now()
	if err := inParallel(ctx, 0, s.refused, func(ctx context.Context, i int) error {
		return w.fail(ctx, w.crowded(refusedMembers, i), i%refusedMembers)
	}); err != nil {
		return err
	}
	if err := until(ctx, func() (bool, error) { return len(w.accepted(begin)) >= s.refused, nil }); err != nil {
		return err
	}
	written := w.accepted(begin)
	took := written[len(written)-1].Answered.Sub(begin)
	row(fmt.Sprintf("%d changes, of which the SCM refuses one in the middle for %s, until all are written", s.refused, refusedFor),
		"%s, %d requests", took.Round(10*time.Millisecond), w.scmCalls()-before)
	row("requests in that pause", "%d", w.inPause())
	return nil
}

// unlimited leaves it to the SCM how fast the hub may be.
func (w *world) unlimited(ctx context.Context) error {
	provider := &v1alpha1.ScmProvider{ObjectMeta: in(namespace, "acme")}
	patch := client.RawPatch("application/merge-patch+json", []byte(`{"spec":{"rateLimit":null}}`))
	if err := w.hubCluster.Client.Patch(ctx, provider, patch); err != nil {
		return fmt.Errorf("taking the limits from the ScmProvider: %w", err)
	}
	return nil
}

// refuseOne has the SCM refuse the n-th change from now on.
func (w *world) refuseOne(n int) {
	var changes atomic.Int64
	w.scm.Inject(github.Fault{
		Status: http.StatusTooManyRequests, Header: http.Header{"Retry-After": {fmt.Sprint(int(refusedFor.Seconds()))}},
		Body:  `{"message":"API rate limit exceeded"}`,
		Match: func(r *http.Request) bool { return isWrite(r.Method) && changes.Add(1) == int64(n) },
	})
}

func isWrite(method string) bool { return method == http.MethodPost || method == http.MethodPatch }

// accepted are the writes of check runs that the SCM accepted since a time.
func (w *world) accepted(since time.Time) []github.Call {
	return w.scm.Those(func(c *github.Call) bool {
		return !c.At.Before(since) && (c.Operation == github.OpUpdateCheckRun || c.Operation == github.OpCreateCheckRun) && c.Status < http.StatusBadRequest && c.Status > 0
	})
}

// inPause counts the requests that were sent while the SCM was to be left alone.
func (w *world) inPause() int {
	refused := w.scm.Those(func(c *github.Call) bool { return c.Status == http.StatusTooManyRequests })
	if len(refused) == 0 {
		return -1
	}
	from := refused[0].Answered
	return len(w.scm.Those(func(c *github.Call) bool {
		return c.At.After(from.Add(inFlight)) && c.At.Before(from.Add(refusedFor))
	}))
}
