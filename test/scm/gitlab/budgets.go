package gitlab

import (
	"time"

	"github.com/argoproj-labs/commit-status-hub/test/scm/wire"
)

// budgets counts what each user spent.
type budgets struct {
	limits Limits
	byUser map[string]*budget
}

// budget is one user's.
type budget struct {
	inFlight int
	log      []spending
	pause    wire.Pause
}

// spending is one request that was let through.
type spending struct {
	at    time.Time
	write bool
}

func newBudgets() budgets { return budgets{byUser: map[string]*budget{}} }

// of returns the budget of a user, and nil for nobody.
func (b *budgets) of(user string) *budget {
	if user == "" {
		return nil
	}
	if b.byUser[user] == nil {
		b.byUser[user] = &budget{}
	}
	return b.byUser[user]
}

func (b *budgets) enter(user string) {
	if of := b.of(user); of != nil {
		of.inFlight++
	}
}

func (b *budgets) leave(user string) {
	if of := b.of(user); of != nil {
		of.inFlight--
	}
}

// window is one limit that slides.
type window struct {
	name   string
	limit  int
	length time.Duration
	writes bool
}

func (l Limits) windows() []window {
	return []window{
		{"requests per minute", l.RequestsPerMinute, time.Minute, false},
		{"requests per hour", l.RequestsPerHour, time.Hour, false},
		{"writes per minute", l.WritesPerMinute, time.Minute, true},
		{"writes per hour", l.WritesPerHour, time.Hour, true},
	}
}

// exceeded says which limit one more request breaks and how long it will.
func (b *budgets) exceeded(of *budget, x *exchange) (string, time.Duration) {
	if b.limits.MaxInFlight > 0 && of.inFlight > b.limits.MaxInFlight {
		return "requests in flight", time.Second
	}
	for _, w := range b.limits.windows() {
		if w.limit == 0 || w.writes && !wire.IsWrite(x.Request) {
			continue
		}
		if used, next := of.used(w, x.Now); used >= w.limit {
			return w.name, next
		}
	}
	return "", 0
}

// used is what a window holds, and how long until the oldest that has to leave it,
// so that one more fits, does.
func (b *budget) used(w window, now time.Time) (n int, next time.Duration) {
	for i := len(b.log) - 1; i >= 0; i-- {
		ends := b.log[i].at.Add(w.length)
		if !ends.After(now) {
			break
		}
		if w.writes && !b.log[i].write {
			continue
		}
		if n++; n <= w.limit {
			next = ends.Sub(now)
		}
	}
	return n, next
}

// count spends what a request costs and forgets what no window sees any more.
func (b *budget) count(x *exchange) {
	old := 0
	for old < len(b.log) && !b.log[old].at.Add(time.Hour).After(x.Now) {
		old++
	}
	b.log = append(b.log[old:], spending{at: x.Now, write: wire.IsWrite(x.Request)})
}
