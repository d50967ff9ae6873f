package github

import (
	"time"

	"github.com/argoproj-labs/commit-status-hub/test/scm/wire"
)

// primaryLimitPerHour is what an installation may send (GitHub docs, "Rate limits
// for GitHub Apps": 5000 requests per hour).
const primaryLimitPerHour = 5000

// payer is whose budget a request spends: an installation's, that of an app that
// speaks for itself, or a user's, whichever of their tokens is sent.
type payer struct {
	app, installation int64
	user              string
}

// budgets counts what each payer spent.
type budgets struct {
	limits  Limits
	byPayer map[payer]*budget
}

// budget is one payer's. The primary limit is counted in fixed hours, as GitHub
// does it; the other windows slide.
type budget struct {
	hour     time.Time
	spent    int
	inFlight int
	log      []*spending
	pause    wire.Pause
}

// spending is one request that was let through.
type spending struct {
	at    time.Time
	write bool
	// free says that it does not count as a request.
	free bool
}

func (s *spending) requests() int {
	if s.free {
		return 0
	}
	return 1
}

func (s *spending) writes() int {
	if s.write {
		return 1
	}
	return 0
}

// mostPoints is the most that one request costs of any limit.
const mostPoints = 5

// points are spent by free requests as well: GitHub documents that they are free
// for the primary limit only.
func (s *spending) points() int {
	if s.write {
		return mostPoints
	}
	return 1
}

func newBudgets() budgets { return budgets{byPayer: map[payer]*budget{}} }

func (b *budgets) primary() int {
	if b.limits.RequestsPerHour > 0 {
		return b.limits.RequestsPerHour
	}
	return primaryLimitPerHour
}

// of returns the budget of a caller, and nil for one that proved nothing.
func (b *budgets) of(c caller) *budget {
	p := payer{app: c.app, installation: c.installation}
	if c.user != nil {
		p.user = fold(c.user.login)
	}
	if p == (payer{}) {
		return nil
	}
	if b.byPayer[p] == nil {
		b.byPayer[p] = &budget{}
	}
	return b.byPayer[p]
}

func (b *budgets) enter(c caller) {
	if of := b.of(c); of != nil {
		of.inFlight++
	}
}

func (b *budgets) leave(c caller) {
	if of := b.of(c); of != nil {
		of.inFlight--
	}
}

// exceeded says which limit one more request breaks and how long it will.
func (b *budgets) exceeded(of *budget, x *exchange) (string, time.Duration) {
	l := b.limits
	if l.MaxInFlight > 0 && of.inFlight > l.MaxInFlight {
		return "requests in flight", time.Second
	}
	next := &spending{at: x.Now, write: wire.IsWrite(x.Request)}
	for _, w := range []struct {
		name   string
		limit  int
		window time.Duration
		cost   func(*spending) int
	}{
		{"requests per minute", l.RequestsPerMinute, time.Minute, (*spending).requests},
		{"points per minute", l.PointsPerMinute, time.Minute, (*spending).points},
		{"writes per minute", l.WritesPerMinute, time.Minute, (*spending).writes},
		{"requests per hour", l.RequestsPerHour, time.Hour, (*spending).requests},
		{"writes per hour", l.WritesPerHour, time.Hour, (*spending).writes},
	} {
		if w.limit == 0 || w.cost(next) == 0 {
			continue
		}
		if wait := of.wait(next, w.limit, w.window, w.cost); wait > 0 {
			return w.name, wait
		}
	}
	return "", 0
}

// wait is how long it takes until next fits into a window that slides.
func (b *budget) wait(next *spending, limit int, window time.Duration, cost func(*spending) int) time.Duration {
	room := limit - cost(next)
	if room >= mostPoints*len(b.log) {
		return 0
	}
	for i := len(b.log) - 1; i >= 0; i-- {
		ends := b.log[i].at.Add(window)
		if !ends.After(next.at) {
			return 0
		}
		if room -= cost(b.log[i]); room < 0 {
			return ends.Sub(next.at)
		}
	}
	return 0
}

// count spends what a request costs and forgets what no window sees any more.
func (b *budget) count(x *exchange) {
	b.used(x.Now)
	if b.spent == 0 {
		b.hour = x.Now
	}
	b.spent++
	old := 0
	for old < len(b.log) && !b.log[old].at.Add(time.Hour).After(x.Now) {
		old++
	}
	x.spent = &spending{at: x.Now, write: wire.IsWrite(x.Request)}
	b.log = append(b.log[old:], x.spent)
}

// used is what was spent in the current hour.
func (b *budget) used(now time.Time) int {
	if b.spent > 0 && !now.Before(b.hour.Add(time.Hour)) {
		b.hour, b.spent = now, 0
	}
	return b.spent
}

// refund takes back that a request was counted, if it was.
func (b *budget) refund(x *exchange) {
	if x.spent == nil || x.spent.free {
		return
	}
	x.spent.free = true
	b.spent = max(0, b.spent-1)
}
