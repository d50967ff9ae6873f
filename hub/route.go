package hub

import (
	"github.com/argoproj-labs/commit-status-hub/providers"
	"github.com/argoproj-labs/commit-status-hub/ratelimit"
)

// The priorities in a lane: what is final goes first.
const (
	priorityQueued = iota
	priorityInProgress
	priorityTerminal
)

// Route tells the queue where a key waits: in the lane of the installation that
// its owner writes through. A key that nothing is asked about goes through at once.
func (l *Ledger) Route(key Key) ratelimit.Route {
	owner, account, dirty := l.writerOf(key)
	if !dirty {
		return ratelimit.Route{}
	}
	lane, _ := account.Lane(owner.Repository)
	return ratelimit.Route{Lane: lane, Cluster: owner.Object.Cluster, Priority: priorityOf(owner.Want)}
}

// writerOf returns who writes a key; dirty is false when no call is needed now.
func (l *Ledger) writerOf(key Key) (owner Claim, account providers.Account, dirty bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := l.keys[key]
	if e == nil {
		return Claim{}, nil, false
	}
	claims := l.heardClaims(e)
	if len(claims) == 0 {
		return Claim{}, nil, false
	}
	v := arbitrate(claims, l.unheard)
	l.takeHint(e, v)
	account = l.scms[v.Owner.Provider].account
	if account == nil || v.WaitFor != "" || plan(account, e.observationBy(v.Owner.Provider), v.Want) == ActNothing {
		return Claim{}, nil, false
	}
	return v.Owner, account, true
}

func priorityOf(want providers.Status) int {
	switch {
	case want.Phase.Terminal():
		return priorityTerminal
	case want.Phase == "in_progress":
		return priorityInProgress
	}
	return priorityQueued
}
