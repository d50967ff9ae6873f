package chaos

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"
)

// countEvery is the time between two counts of the claims, and countLimit how long one may
// take.
const countEvery, countLimit = time.Second, 5 * time.Second

// census notes which commits claims are about, or are told to have been about last. The hub
// may know of others only by looking them up.
type census struct {
	mu sync.Mutex
	// named are the times at which each commit was found, which is a place without a name.
	named map[Place][]time.Time
}

func newCensus() *census { return &census{named: map[Place][]time.Time{}} }

// run counts until ctx ends. A member that does not answer is left out.
func (c *census) run(ctx context.Context, members []*member) {
	for ; ctx.Err() == nil; wait(ctx, countEvery) {
		for _, m := range members {
			limited, cancel := context.WithTimeout(ctx, countLimit)
			claims, err := m.claims(limited)
			cancel()
			if err == nil {
				c.count(time.Now(), claims)
			}
		}
	}
}

// count notes what claims are about now.
func (c *census) count(now time.Time, claims []Claim) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, claim := range claims {
		told := claim.Object.Status
		_, repository, _ := strings.Cut(told.Repo, "/")
		for _, at := range []Place{claim.Place, {Provider: told.ScmProvider, Repository: repository, SHA: told.SHA}} {
			at.Name = ""
			c.named[at] = append(c.named[at], now)
		}
	}
}

// knows reports whether a claim was about a place's commit at a time between two.
func (c *census) knows(at Place, from, to time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	at.Name = ""
	return slices.ContainsFunc(c.named[at], func(t time.Time) bool { return !t.Before(from) && !t.After(to) })
}

// takeOverWindow is how long after it began to lead a hub takes what it sees for what an
// earlier one may have seen.
const takeOverWindow = time.Minute

// forgotten reports whether a hub could not know of the first of two runs when it made the
// second: another one had made it, and when this one began to lead no claim was about that
// commit any more. Nothing keeps a claim from being deleted while no hub is there to see it.
func (c *census) forgotten(runs [2]Write, renewals []Renewal) bool {
	first, second := runs[0], runs[1]
	i := slices.IndexFunc(renewals, func(r Renewal) bool { return r.Instance == second.Instance })
	if i < 0 {
		return false
	}
	began := renewals[i].At
	return first.Answered.Before(began) && second.At.Sub(began) > takeOverWindow &&
		!c.knows(second.Place, began, began.Add(takeOverWindow))
}
