package ratelimit

import (
	"time"

	"golang.org/x/time/rate"
)

const (
	// stretch widens each window by half a percent. It covers what lies between
	// a take and the server's stamp on the request, and rounding.
	stretch = 1.005

	// burst is how many requests an idle bucket lets through at once.
	burst = 10

	// neverPays is when a cost that is above the limit itself is looked at
	// again. Only a change of the limit can let it through, and that wakes
	// whoever waits.
	neverPays = time.Hour

	// soon is when somebody looks again who waits for others to send or to
	// finish. That wakes whoever waits too, so it is only a safety net.
	soon = time.Second
)

// window holds one limit: at most limit units in any half-open window of a
// length. It is a token bucket whose size and rate are chosen so that a full
// bucket and what flows in during one window add up to less than limit+1.
//
// What is held by slots that have not been used yet still has to fit into the
// bucket, or a burst of late slots would come on top of a full one: so the
// bucket is smaller by what is held. Fields are guarded by the bucket's lock.
type window struct {
	length time.Duration
	weight func(Cost) int
	size   int // of an idle bucket, in units

	limit  int64
	burst  int
	held   int
	tokens *rate.Limiter // nil where there is no limit
}

// setLimit changes the limit and keeps what was spent. Where there was none
// before, nothing is known of what was spent: then the bucket starts empty if
// it was used within one length.
func (w *window) setLimit(now time.Time, limit int64, used bool) {
	if limit <= 0 {
		w.limit, w.tokens = 0, nil
		return
	}
	if limit == w.limit {
		return
	}
	w.limit = limit
	w.burst = int(min(int64(w.size), limit))
	perSecond := rate.Limit(float64(limit-int64(w.burst)+1) / (w.length.Seconds() * stretch))
	if w.tokens == nil {
		w.tokens = rate.NewLimiter(perSecond, w.burst)
		spent := min(w.held, w.burst)
		if used {
			spent = w.burst
		}
		w.tokens.AllowN(now, spent)
	}
	w.tokens.SetLimitAt(now, perSecond)
	w.shrink(now)
}

// wait returns how long it takes until cost can be taken; zero means now.
func (w *window) wait(now time.Time, cost Cost) time.Duration {
	n := w.weight(cost)
	switch {
	case w.tokens == nil || n == 0:
		return 0
	case n > w.burst:
		return neverPays
	case n > w.tokens.Burst():
		return soon
	}
	return w.until(now, n)
}

// until returns how long it takes until n units have flowed in.
func (w *window) until(now time.Time, n int) time.Duration {
	if w.tokens == nil {
		return 0
	}
	missing := float64(n) - w.tokens.TokensAt(now)
	if missing <= 0 {
		return 0
	}
	// As the limiter rounds, so that what waits this long is not refused then.
	return time.Duration(missing / float64(w.tokens.Limit()) * float64(time.Second))
}

// take spends cost, which wait has found to be payable.
func (w *window) take(now time.Time, cost Cost) {
	if w.tokens != nil {
		w.tokens.AllowN(now, w.weight(cost))
	}
}

// hold takes cost for a request that will be sent later.
func (w *window) hold(now time.Time, cost Cost) {
	w.take(now, cost)
	w.held += w.weight(cost)
	w.shrink(now)
}

// settle ends a hold of cost: what of it was spent stays spent, the rest comes back.
func (w *window) settle(now time.Time, cost, spent Cost) {
	n, s := w.weight(cost), w.weight(spent)
	w.held -= n
	w.shrink(now)
	if w.tokens != nil && s < n {
		w.tokens.AllowN(now, s-n)
	}
}

func (w *window) shrink(now time.Time) {
	if w.tokens != nil {
		w.tokens.SetBurstAt(now, max(w.burst-w.held, 0))
	}
}
