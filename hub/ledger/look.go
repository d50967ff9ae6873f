package ledger

import (
	"slices"
	"time"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
)

// LookState is how a key that needs a look gets one.
type LookState int

const (
	// LookAlone : nothing else on the commit needs one, so the key is looked up by its name.
	LookAlone LookState = iota
	// LookTogether : the commit is listed for all of its keys.
	LookTogether
	// LookUnderWay : another worker lists the commit, and adds the key again.
	LookUnderWay
)

// Look is a list of a commit that is under way for the keys that need one.
type Look struct {
	on     *commit
	writer string
	via    *ScmProvider
	// writes contains the counts of writes of the keys that the list may cover.
	writes map[*entry]uint64
}

// BeginLook begins a look for a key. One that is not alone must be ended by EndLook.
func (l *Ledger) BeginLook(key Key, job Job) (Look, LookState) {
	l.mu.Lock()
	defer l.mu.Unlock()
	c := l.commits[commitOf(key)]
	if c == nil {
		return Look{}, LookAlone
	}
	look := Look{on: c, writer: job.Account.Writer(), via: job.via, writes: map[*entry]uint64{}}
	if e := c.named(key.Name); e == nil || e.readDetails().alone {
		return Look{}, LookAlone
	}
	if _, ok := c.looks[look.writer]; ok {
		return Look{}, LookUnderWay
	}
	for _, e := range slices.Clone(c.entries) {
		l.advance(e)
		if l.unproven(e, job.via) && e.writes%2 == 0 && !e.readDetails().alone {
			look.writes[e] = e.writes
		}
	}
	if len(look.writes) < 2 {
		return Look{}, LookAlone
	}
	if c.looks == nil {
		c.looks = map[string]struct{}{}
	}
	c.looks[look.writer] = struct{}{}
	return look, LookTogether
}

// unproven reports whether a look through a ScmProvider would tell more of an entry.
func (l *Ledger) unproven(e *entry, via *ScmProvider) bool {
	if e.abandonment != nil {
		return l.unseen(e, via)
	}
	v, ok := l.verdict(e)
	if !ok || v.WaitFor != "" || !sameWriter(l.scms[v.Owner.Provider], via) {
		return false
	}
	return e.observationBy(via, v).unproven()
}

// unseen reports whether a look through a ScmProvider is due at an entry that was left.
func (l *Ledger) unseen(e *entry, via *ScmProvider) bool {
	job, _, ok := l.abandonmentJob(e)
	if !ok || !sameWriter(job.via, via) {
		return false
	}
	action, _ := planEnd(job.Account, job.Observation, job.Verdict.Owner.Want)
	return action == ActFind
}

// LookedAtLeft returns what a list left open of a place that was left: in how long another look
// may prove more, and whether the status has to be looked up by its name.
func (l *Ledger) LookedAtLeft(key Key, job Job) (wait time.Duration, alone bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := l.entryOf(key)
	if e == nil || e.abandonment != job.abandonment {
		return 0, false
	}
	return e.readDetails().lookAt.Sub(l.clock.Now()), e.readDetails().alone
}

// EndLook ends a look, and returns the keys that can go on, or need another.
func (l *Ledger) EndLook(look Look) Changes {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(look.on.looks, look.writer)
	if len(look.on.looks) == 0 {
		look.on.looks = nil
	}
	var out Changes
	for _, e := range look.on.entries {
		if d := e.abandonment; d != nil && d.via != nil && sameWriter(d.via, look.via) {
			out.Keys = append(out.Keys, e.key())
			continue
		}
		if v, ok := l.verdict(e); ok && sameWriter(l.scms[v.Owner.Provider], look.via) && l.dirty(e, v) {
			out.Keys = append(out.Keys, e.key())
		}
	}
	return out
}

// Looked processes a list of a commit for all keys for which it was made.
func (l *Ledger) Looked(look Look, listing providers.Listing) Changes {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out Changes
	for _, e := range slices.Clone(look.on.entries) {
		writes, ok := look.writes[e]
		if !ok || writes != e.writes {
			continue
		}
		if l.advance(e); !l.unproven(e, look.via) {
			continue
		}
		job, _, ok := l.job(e)
		if !ok || job.Account == nil {
			continue
		}
		out.add(l.accepted(e, e.key(), job, AskRead))
		shown := l.shownIn(listing, e.key())
		switch {
		case shown != nil && (shown.Foreign || listing.Loose):
			e.mutableDetails().alone = true
		case job.abandonment != nil:
			if job.mayYetCome(shown) {
				out.add(l.holdLeft(e, job))
			} else {
				e.observe(shown, job.via)
			}
		case plan(job.Account, job.Observation, job.Verdict.Want) == ActFind:
			out.add(l.found(e, job, shown))
		case !e.Lost():
			out.add(l.compare(e, look.via, listing))
		}
	}
	return out
}

// Found takes in what a look-up of one key found, nil for nothing.
func (l *Ledger) Found(key Key, job Job, shown *providers.Shown) Changes {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := l.entryOf(key)
	if e == nil {
		return Changes{}
	}
	return l.found(e, job, shown)
}

// found takes in what a look found, unless that may change yet. What may yet come is waited
// for, also where it would change what is right by now. What a predecessor may have sent is
// only waited for where a second status would come of it.
func (l *Ledger) found(e *entry, job Job, shown *providers.Shown) Changes {
	shown = shown.For(job.Verdict.Want)
	step := job.Account.Next(shown, job.Verdict.Want)
	switch {
	case shown != nil && step != providers.StepNone && job.Guarded != "":
		e.mutableDetails().guarded = true
		return l.await(e, job, job.Guarded)
	case job.Settle > 0 && (step.MakesNew() || job.Observation.Lost() && (step != providers.StepNone || job.Account.Next(shown, job.lost) != providers.StepNone)):
		e.outdated() // no claimant becomes Synced before the next look-up
		e.mutableDetails().lookAt = l.clock.Now().Add(job.Settle)
		return Changes{}
	}
	out := l.showed(e, job, shown, false)
	if job.Settle > 0 {
		// What a predecessor sent may take effect until then, in place of what was found and
		// is written now.
		e.mutableDetails().recheckAt = l.clock.Now().Add(job.Settle)
	}
	return out
}

// lookWait is how long a look would prove nothing more than what is known: another claim, or
// a member that is synced meanwhile, changes nothing about that.
func (l *Ledger) lookWait(e *entry, job Job) time.Duration {
	d := e.readDetails()
	if d.guarded && job.Guarded != "" {
		return unsyncedCheck
	}
	if job.Settle > 0 && l.mayBeSent(e) && e.on.another(e, l.mayBeSent) {
		// Most likely few of them are there, and the commit is listed once for all.
		return job.Settle
	}
	return d.lookAt.Sub(l.clock.Now())
}

// mayBeSent reports whether nothing is known of an entry but that a predecessor may have
// written to it.
func (l *Ledger) mayBeSent(e *entry) bool {
	_, claimed := l.verdict(e)
	return claimed && e.evidence.mayBeSent()
}

// LookFailed records that a list failed, for the keys that it was made for beside one.
func (l *Ledger) LookFailed(look Look, beside Key, sentAt time.Time, err *providers.Error) Changes {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out Changes
	if err.Reason == v1alpha1.ReasonPending || err.Refused != providers.RefusedNothing {
		// The other keys get the refusal when their turn comes.
		return out
	}
	failure := *err
	failure.Unknown = false // nothing was written
	for _, e := range look.on.entries {
		if _, ok := look.writes[e]; !ok || e.key() == beside {
			continue
		}
		job, _, ok := l.job(e)
		if !ok || job.abandonment != nil || job.Account == nil || plan(job.Account, job.Observation, job.Verdict.Want) != ActFind {
			continue
		}
		changes, _ := l.failed(e, job, sentAt, &failure)
		out.add(changes)
		// A list may be too long where a look-up by name is not.
		e.more.alone = e.more.attempts > 1
	}
	return out
}
