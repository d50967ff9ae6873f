package ledger

import (
	"slices"
	"time"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
)

// noteRequest takes in a CommitStatus that changed. A change of the annotation asks for a
// comparison with the SCM. On the claim whose attempt failed, it also asks for another
// try, as any change of its spec does: others do not undo its back-off.
func (l *Ledger) noteRequest(o *object, now *v1alpha1.CommitStatus) {
	asked := now.Annotations[v1alpha1.AnnotationRequestedAt] != o.source.Annotations[v1alpha1.AnnotationRequestedAt]
	e := l.entryOf(o.key())
	if l.started.IsZero() || e == nil || !e.claims.has(o) || !asked && now.Generation == o.source.Generation {
		return
	}
	if asked {
		if c := &e.mutableDetails().check; !c.asked() || l.owns(o, e) {
			c.asker = o.id()
		}
	}
	if e.failedFor(o) {
		l.tryAgain(e, now.Generation != o.source.Generation)
	}
}

// noteNewRepo takes in that an object's GitRepo changed: what failed is tried again, as after a
// change of the object's own spec.
func (l *Ledger) noteNewRepo(o *object) {
	if e := l.entryOf(o.key()); e != nil && e.claims.has(o) && e.failedFor(o) {
		l.tryAgain(e, true)
	}
}

// failedFor reports whether an object's claim is the one whose attempt failed.
func (e *entry) failedFor(o *object) bool {
	return e.more != nil && e.more.tried.owner == o.id().String()
}

// tryAgain lets a failed key be tried again now, or, where that is only requested and was done
// not long ago, after a minute.
func (l *Ledger) tryAgain(e *entry, changed bool) {
	d, now := e.more, l.clock.Now()
	if next := d.check.resetAt.Add(askedEvery); !changed && next.After(now) {
		if next.Before(d.retryAt) {
			d.retryAt = next
		}
		return
	}
	d.tried = attempt{}
	if !changed {
		d.check.resetAt = now
	}
}

// owns reports whether an object's claim is the oldest on an entry that counts.
func (l *Ledger) owns(o *object, e *entry) bool {
	claims := l.counting(e)
	return claims.size() > 0 && claims.oldest().Object == o.id()
}

// decides reports whether what the asker of a comparison wants is what a verdict wants: it
// owns the key, or all claims are shown together.
func (c *check) decides(v Verdict) bool {
	return c.asked() && (v.Joined != nil || c.asker == v.Owner.Object)
}

// nextCheck is how long until an entry is compared with its SCM, because it is planned or
// asked for; ok is false for never.
func (l *Ledger) nextCheck(e *entry, s *ScmProvider) (wait time.Duration, ok bool) {
	now := l.clock.Now()
	wait, ok = l.nextPlanned(e, s, now)
	c := e.readDetails().check
	if !c.asked() {
		return wait, ok
	}
	var asked time.Duration
	if !c.listedAt.IsZero() {
		asked = c.listedAt.Add(askedEvery).Sub(now)
	}
	if c.failed > 0 {
		asked = max(asked, e.checkAt.Sub(now))
	}
	if ok {
		asked = min(asked, wait)
	}
	return max(asked, 0), true
}

// nextPlanned is nextCheck without requests.
func (l *Ledger) nextPlanned(e *entry, s *ScmProvider, now time.Time) (wait time.Duration, ok bool) {
	c := e.readDetails().check
	if s.drift.interval == 0 || e.Shown == nil && c.drifted == nil || e.Lost() {
		return 0, false
	}
	if e.age(now) > oldestChecked {
		return 0, false
	}
	return max(e.checkAt.Sub(now), 0), true
}

// planCheck plans the next comparison of an entry with its SCM, where none is planned, or only
// for later than the interval of today asks for.
func (l *Ledger) planCheck(e *entry, s *ScmProvider, now time.Time) {
	if _, ok := l.nextPlanned(e, s, now); !ok {
		return
	}
	if age := e.age(now); e.checkAt.IsZero() || e.checkAt.Sub(now) > checkAfter(age, s.drift.interval, 1) {
		e.checkAt = now.Add(checkAfter(age, s.drift.interval, l.random()))
	}
}

// age is how long ago what an entry shows was written, or read and found changed.
func (e *entry) age(now time.Time) time.Duration {
	if e.updatedAt.IsZero() {
		return 0
	}
	return now.Sub(e.updatedAt)
}

// NextCheck is in how long a key is compared with its SCM, as of its last Advance, 0 for never:
// to come back to it then.
func (l *Ledger) NextCheck(key Key) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := l.entryOf(key)
	if e == nil {
		return 0
	}
	v, ok := l.verdict(e)
	if !ok {
		return 0
	}
	wait, ok := l.nextCheck(e, l.scms[v.Owner.Provider])
	if !ok {
		return l.recheckAfter(e)
	}
	return sooner(max(wait, time.Millisecond), l.recheckAfter(e))
}

// DriftCheck is a list of a commit that is under way.
type DriftCheck struct {
	// Tag is that of the last list, "" where it has to be whole.
	Tag string
	// writes contains the counts of writes of the keys that the list may cover.
	writes map[*entry]uint64
}

// BeginDriftCheck begins a list of the commit of a job's key.
func (l *Ledger) BeginDriftCheck(key Key, job Job) DriftCheck {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := DriftCheck{writes: map[*entry]uint64{}}
	c := l.commits[commitOf(key)]
	if c == nil {
		return s
	}
	known := true
	for _, e := range slices.Clone(c.entries) {
		v, ok := l.advance(e)
		if !ok || !sameWriter(l.scms[v.Owner.Provider], job.via) || e.Lost() || e.writes%2 == 1 {
			continue
		}
		s.writes[e] = e.writes
		// Who does not decide what is shown is content with an answer that nothing changed.
		c := e.readDetails().check
		known = known && e.observationBy(job.via, v).Certain() && !c.decides(v)
	}
	if known {
		s.Tag = c.tags[job.Account.Writer()]
	}
	return s
}

// DriftChecked takes in what was listed of a commit, for all of its keys of one writer.
func (l *Ledger) DriftChecked(key Key, job Job, s DriftCheck, listing providers.Listing) Changes {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out Changes
	c := l.commits[commitOf(key)]
	if c == nil {
		return out
	}
	if e := l.entryOf(key); e != nil {
		out.add(l.accepted(e, key, job, AskRead))
	}
	whole := true
	for _, e := range slices.Clone(c.entries) {
		if writes, ok := s.writes[e]; !ok || writes != e.writes {
			whole = false
			continue
		}
		out.add(l.compare(e, job.via, listing))
	}
	if whole {
		if c.tags == nil {
			c.tags = map[string]string{}
		}
		c.tags[job.Account.Writer()] = listing.Tag
	}
	return out
}

// compare processes what a listing through via shows of an entry.
func (l *Ledger) compare(e *entry, via *ScmProvider, listing providers.Listing) Changes {
	v, ok := l.advance(e)
	if !ok {
		return Changes{}
	}
	s, now := l.scms[v.Owner.Provider], l.clock.Now()
	if !sameWriter(s, via) {
		return Changes{}
	}
	writing := plan(v.through(s.account), e.observationBy(s, v), v.Want) != ActNothing
	defer e.tidy()
	c := &e.mutableDetails().check
	asked := c.decides(v)
	if c.asked() {
		c.listedAt = now
	}
	e.checkAt, c.asker, c.failed = time.Time{}, ObjectID{}, 0
	if !listing.Unchanged {
		shown := l.shownIn(listing, e.key()).For(v.Want)
		if !sameStatus(e.Shown, shown) {
			e.updatedAt = now
		}
		e.observe(shown, s)
	}
	out := Changes{}
	switch {
	case v.through(s.account).Next(e.Shown, v.Want) == providers.StepNone:
		c.drifted, c.restoring = nil, false
	case asked:
		c.drifted, c.restoring = nil, false
		out.Keys = append(out.Keys, e.key())
	case writing || v.WaitFor != "":
	default:
		want := v.Want
		c.drifted = &want
		if c.restoring = s.drift.restore && c.restore(now); c.restoring {
			out.Keys = append(out.Keys, e.key())
		}
	}
	out.add(l.claimants(e))
	return out
}

// shownIn is what a listing says of a key, nil for nothing.
func (l *Ledger) shownIn(listing providers.Listing, key Key) *providers.Shown {
	found, ok := listing.Statuses[key.Name]
	if !ok {
		return nil
	}
	ours := found.ExternalID == key.ExternalID() || slices.Contains(l.formerIDs(key), found.ExternalID)
	found.Foreign = found.Foreign || listing.Marked && !ours
	return &found.Shown
}

// DriftCheckFailed records that a commit could not be listed. If the place is gone, its
// statuses report that; any other error says nothing about a status, and the check is tried
// again.
func (l *Ledger) DriftCheckFailed(key Key, job Job, err *providers.Error) Changes {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := l.entryOf(key)
	if e == nil {
		return Changes{}
	}
	err, r, _, out := l.reportedError(e, job, err)
	c := &e.mutableDetails().check
	c.failed++
	gone := err.Reason == v1alpha1.ReasonRepoNotFound || err.Reason == v1alpha1.ReasonCommitNotFound
	if gone || err.Reason != v1alpha1.ReasonUnavailable {
		c.asker = ObjectID{}
	}
	switch {
	case r != nil && (c.asked() || !r.final):
		e.checkAt = r.dueAt
	case c.asked():
		e.checkAt = l.clock.Now().Add(retryAfter(err.Reason, c.failed))
	default:
		e.checkAt = l.clock.Now().Add(checkAfter(l.clock.Since(e.updatedAt), max(job.via.drift.interval, longestRetry), l.random()))
	}
	if !gone {
		return out
	}
	e.Shown = nil
	e.vanished()
	changes, _ := l.failed(e, job, l.clock.Now(), err)
	out.add(changes)
	return out
}
