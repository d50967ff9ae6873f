package web

import (
	"time"

	"github.com/argoproj-labs/commit-status-hub/ratelimit"
)

// installations returns the budgets of all installations.
func (r *reader) installations() []Installation {
	waits := r.Waits()
	usages := r.Installations.Usages()
	out := make([]Installation, 0, len(usages))
	for _, u := range usages {
		out = append(out, r.installationOf(u, waits[u.ID]))
	}
	return out
}

// installation returns the page of one; ok is false where none of that ID is in use.
func (r *reader) installation(id string) (_ InstallationPage, ok bool) {
	for _, u := range r.Installations.Usages() {
		if u.ID != id {
			continue
		}
		out := InstallationPage{At: r.Clock.Now().UTC(), Hub: r.hub(), Installation: r.installationOf(u, r.Waits()[id])}
		out.Hour, out.Day = r.history.of(id, len(u.Limits))
		out.Hour, out.Day = orEmpty(out.Hour), orEmpty(out.Day)
		return out, true
	}
	return InstallationPage{}, false
}

func (r *reader) installationOf(u ratelimit.Usage, w ratelimit.Waits) Installation {
	saved := r.Ledger.SavedAt(u.ID)
	out := Installation{
		ID: u.ID, Account: u.Account, ScmProviders: orEmpty(u.ScmProviders), Limits: []Limit{}, InFlight: u.InFlight,
		PausedUntil: utc(u.PausedUntil), Down: u.Down, ReducedTo: u.ReducedTo, Path: installationPath(u.ID),
		Saved: Saved{Duplicate: saved.Duplicate, Coalesced: saved.Coalesced, Unchanged: saved.Unchanged},
	}
	for _, l := range u.Limits {
		out.Limits = append(out.Limits, Limit{Name: l.Name, WindowSeconds: int64(l.Window / time.Second), Limit: l.Limit, Used: l.Used})
	}
	names := ratelimit.PriorityNames()
	for class := len(names) - 1; class >= 0; class-- {
		q := Queue{Priority: names[class]}
		if class < len(w.Depth) {
			q.Depth, q.OldestSeconds = w.Depth[class], w.Oldest[class].Seconds()
		}
		out.Queue = append(out.Queue, q)
		out.Queued += q.Depth
	}
	return out
}

// High returns the use from which on little is left of a limit.
func (l Limit) High() int64 { return l.Limit * 9 / 10 }

// OldestSeconds returns how long what was queued first has waited, 0 where nothing waits.
func (i Installation) OldestSeconds() float64 {
	oldest := 0.0
	for _, q := range i.Queue {
		oldest = max(oldest, q.OldestSeconds)
	}
	return oldest
}
