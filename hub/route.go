package hub

import (
	"github.com/argoproj-labs/commit-status-hub/providers"
	"github.com/argoproj-labs/commit-status-hub/ratelimit"
)

// Route tells the queue where a key waits: in the lane of the installation that
// its owner writes through. A key that nothing is asked about goes through at once.
func (l *Ledger) Route(key Key) ratelimit.Route {
	v, account, dirty := l.writeOf(key)
	if !dirty {
		return ratelimit.Route{}
	}
	lane, _ := account.Lane(v.Owner.Repository)
	return ratelimit.Route{Lane: lane, Cluster: v.Owner.Object.Cluster, Priority: priorityOf(v.Want)}
}

// writeOf returns what is to be written at a key, and through which account;
// dirty is false when no call is needed now.
func (l *Ledger) writeOf(key Key) (_ Verdict, account providers.Account, dirty bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := l.keys[key]
	if e == nil {
		return Verdict{}, nil, false
	}
	v, ok := l.judge(e)
	if !ok || !l.dirty(e, v) {
		return Verdict{}, nil, false
	}
	return v, l.scms[v.Owner.Provider].account, true
}

// dirty reports whether a call is needed to make a key show what a verdict wants.
func (l *Ledger) dirty(e *entry, v Verdict) bool {
	account := l.scms[v.Owner.Provider].account
	return account != nil && v.WaitFor == "" && plan(account, e.observationBy(v.Owner.Provider), v.Want) != ActNothing
}

func priorityOf(want providers.Status) int {
	switch {
	case want.Phase.Terminal():
		return ratelimit.PriorityTerminal
	case want.Phase == "in_progress":
		return ratelimit.PriorityInProgress
	}
	return ratelimit.PriorityQueued
}
