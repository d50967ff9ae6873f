package publish

import (
	"sync"
	"time"

	"k8s.io/utils/clock"

	"github.com/argoproj-labs/commit-status-hub/hub/ledger"
)

// conflictLasts is the time for which a conflict has to last before an event and a metric
// report it. Clusters that change to the same phase one after another are in conflict for a
// shorter time.
const conflictLasts = 10 * time.Second

// conflictEvents delays the events of conflicts until they have lasted. One timer serves all of
// them. The zero value is ready to use.
type conflictEvents struct {
	mu      sync.Mutex
	byID    map[ledger.ObjectID]*conflictEvent
	waiting []*conflictEvent // the one that is due next first
	alarm   clock.Timer
}

// conflictEvent is one conflict that has not lasted yet.
type conflictEvent struct {
	// patch is the last status that reported it, with the status from before the conflict in
	// Before.
	patch ledger.Patch
	emit  func(ledger.Patch)
	due   time.Time
	over  bool
}

// published processes a status that a member accepted. emit makes an event of one; lasted is
// called with each conflict that has lasted, and reports whether it still exists.
func (c *conflictEvents) published(clk clock.WithDelayedExecution, p ledger.Patch, emit func(ledger.Patch), lasted func(ledger.Patch) bool) {
	c.mu.Lock()
	e := c.byID[p.ID]
	switch {
	case e != nil && e.patch.UID != p.UID:
		// It is another object of the same name.
		c.end(e)
		e = nil
	case e != nil:
		p.Before = e.patch.Before
	}
	if !ledger.InConflict(p.Status) {
		if e != nil {
			c.end(e)
		}
		c.mu.Unlock()
		emit(p)
		return
	}
	defer c.mu.Unlock()
	switch {
	case e != nil:
		e.patch, e.emit = p, emit
	case !ledger.InConflict(p.Before) || ledger.Overruled(p):
		if c.byID == nil {
			c.byID = map[ledger.ObjectID]*conflictEvent{}
		}
		e = &conflictEvent{patch: p, emit: emit, due: clk.Now().Add(conflictLasts)}
		c.byID[p.ID] = e
		c.waiting = append(c.waiting, e)
		c.arm(clk, lasted)
	}
}

func (c *conflictEvents) end(e *conflictEvent) {
	e.over = true
	delete(c.byID, e.patch.ID)
}

// arm sets the timer for the first conflict that is due, unless it is set.
func (c *conflictEvents) arm(clk clock.WithDelayedExecution, lasted func(ledger.Patch) bool) {
	for len(c.waiting) > 0 && c.waiting[0].over {
		c.waiting = c.waiting[1:]
	}
	if c.alarm == nil && len(c.waiting) > 0 {
		c.alarm = clk.AfterFunc(c.waiting[0].due.Sub(clk.Now()), func() { go c.ring(clk, lasted) }) // a fake clock is locked here
	}
}

// ring reports the conflicts that have lasted.
func (c *conflictEvents) ring(clk clock.WithDelayedExecution, lasted func(ledger.Patch) bool) {
	c.mu.Lock()
	var due []*conflictEvent
	for len(c.waiting) > 0 && !c.waiting[0].due.After(clk.Now()) {
		if e := c.waiting[0]; !e.over {
			c.end(e)
			due = append(due, e)
		}
		c.waiting = c.waiting[1:]
	}
	c.alarm = nil
	c.arm(clk, lasted)
	c.mu.Unlock()
	for _, e := range due {
		if lasted(e.patch) {
			e.emit(e.patch)
		}
	}
}

// stop drops the conflicts that have not lasted yet.
func (c *conflictEvents) stop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.alarm != nil {
		c.alarm.Stop()
	}
	c.byID, c.waiting, c.alarm = nil, nil, nil
}
