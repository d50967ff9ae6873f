package ledger

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
)

const (
	// abandonmentTTL is how long what holds back the end of an old status may last
	// before it is given up: within the hour.
	abandonmentTTL = time.Hour
	// moveCheck is how often a key that waits for the end of its owner's old status
	// looks whether that is still worth waiting for.
	moveCheck = 5 * time.Second
)

// ReleaseReason is why an object is taken off its key.
type ReleaseReason int

const (
	// OutOfSight : it is unknown what became of it; nothing is canceled.
	OutOfSight ReleaseReason = iota
	// moved : it claims another key now.
	claimsElsewhere
	// Deleted : it is gone.
	Deleted
	// replaced : another writer takes the key over.
	replaced
	// renamed : the repository has another path today.
	relocated
)

// abandonment is a key that was left while the SCM may show something unfinished
// there, which is to be ended.
type abandonment struct {
	// claim is the last one on the key. It has the texts of an outcome only: what is canceled
	// keeps those that are shown.
	claim Claim
	// of counts it among those of its member.
	of *abandonments
	// via is the ScmProvider as the key was written through.
	via *ScmProvider
	why ReleaseReason
	// dueAt is when it is ended, and until when it is tried.
	dueAt, until time.Time
	// held reports whether something forbids it for the time being that the object's next
	// key need not wait for.
	held bool
	// quiet reports whether nothing that is shown needs an end now, and checkAt is otherwise when
	// it may be ended, or is looked at again. Advance sets both.
	quiet   bool
	checkAt time.Time
	// over reports whether it was tried, or is not needed any more.
	over bool
}

// about returns the object that the claim was of, for events about it.
func (d *abandonment) about() *v1alpha1.CommitStatus {
	return &v1alpha1.CommitStatus{ObjectMeta: metav1.ObjectMeta{
		Namespace: d.claim.Object.Namespace, Name: d.claim.Object.Name, UID: d.claim.UID,
	}}
}

// abandon has what is shown at an entry ended, now that its last object left with a claim
// through via. It returns nil where there are so many such places of the object's member that
// this one is left as it is.
func (l *Ledger) abandon(e *entry, claim Claim, via *ScmProvider, why ReleaseReason) *abandonment {
	if e.abandonment != nil {
		// The earlier writer's run is ended first, and is all there is.
		return e.abandonment
	}
	d := &abandonment{claim: claim, via: via, why: why, dueAt: l.clock.Now()}
	if !l.abandonmentsOf(claim.Object.Cluster).count(d, l.abandonedLimit) {
		return nil
	}
	if why == Deleted {
		d.dueAt = d.dueAt.Add(releaseDelay)
	}
	d.until = d.dueAt.Add(abandonmentTTL)
	e.abandonment = d
	return d
}

// reclaim takes back that an entry was left, since it is claimed again or forgotten.
func (e *entry) reclaim() {
	if e.abandonment != nil && e.abandonment.why != replaced {
		e.dropAbandonment()
	}
}

func (e *entry) dropAbandonment() {
	if d := e.abandonment; d != nil {
		d.over, e.abandonment = true, nil
		d.of.uncount(d)
	}
}

// handOver has the run of an earlier writer ended before another writer makes its
// own: it could not change it.
func (l *Ledger) handOver(e *entry, v Verdict, to *ScmProvider) {
	if e.abandonment != nil || e.Shown == nil || e.Shown.Over() || v.WaitFor != "" ||
		e.via == nil || e.via.account == nil || to.account == nil || to.suspended || sameWriter(e.via, to) {
		return
	}
	claim := v.Owner
	claim.Provider, claim.Want = e.via.name, providers.Status{}
	now := l.clock.Now()
	d := &abandonment{claim: claim, via: e.via, why: replaced, dueAt: now, until: now.Add(abandonmentTTL)}
	l.abandonmentsOf(claim.Object.Cluster).count(d, 0) // it is claimed, so its object counts
	e.abandonment = d
}

// abandonmentJob returns the job of ending what is shown at an entry that was left; ok is
// false when nothing is to be ended now, and wait is then in how long it may be.
func (l *Ledger) abandonmentJob(e *entry) (job Job, wait time.Duration, ok bool) {
	d := e.abandonment
	if d == nil || d.quiet {
		return Job{}, 0, false
	}
	if wait := d.checkAt.Sub(l.clock.Now()); wait > 0 {
		return Job{}, wait, false
	}
	account := l.credentialOf(e, d)
	if account == nil {
		return Job{}, 0, false
	}
	return Job{
		Verdict: Verdict{Owner: d.claim.follow(d.via)}, formerIDs: l.formerIDs(e.key()), writes: e.writes, Settle: l.settle(e),
		Observation: e.observationOf(d), Account: account, abandonment: d, via: d.via, lost: e.readDetails().lostWant, Title: d.via.kind.Title(),
	}, 0, true
}

// credentialOf is the account to end an abandonment's status with: today's, if it
// is the same writer's, or else the one that wrote it. It is nil where today's
// ScmProviders do not let the claim do so.
func (l *Ledger) credentialOf(e *entry, d *abandonment) providers.Account {
	s := l.scms[d.claim.Provider]
	if s == nil || s.kind == nil || s.suspended || d.via == nil || d.via.account == nil {
		return nil
	}
	claim := d.claim.follow(d.via)
	if _, out := d.via.today(claim.Repository); out {
		return nil // no grant covers where the repository is today
	}
	known := d.why == replaced && e.Certain() // by this hub itself, not by a member's word
	if !known && !s.allows(claim) {
		return nil
	}
	if sameWriter(s, d.via) {
		return s.account
	}
	return d.via.account
}

// endAbandonment ends an abandonment, and returns what may go on because of it.
func (l *Ledger) endAbandonment(e *entry) Changes {
	d := e.abandonment
	if d == nil {
		return Changes{}
	}
	e.dropAbandonment()
	if d.why == replaced && !e.idle() {
		// The new writer knows nothing of what is shown.
		e.Shown, e.via, e.writer = nil, nil, ""
		e.handedOver()
		e.undrifted()
	}
	out := Changes{Keys: []Key{e.key()}}
	if o := l.objectAt(d.claim.Object); o != nil && o.problem == nil {
		out.Keys = append(out.Keys, o.key())
		out.Objects = append(out.Objects, o.id())
	}
	return out
}

// Left records that what was shown at a key that was left is ended, or needs no
// end; shown is what the SCM shows now, nil for nothing.
func (l *Ledger) Left(key Key, job Job, shown *providers.Shown) Changes {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := l.entryOf(key)
	if e == nil {
		return Changes{}
	}
	e.observe(shown, job.via)
	var out Changes
	if !job.SentAt.IsZero() {
		out = l.accepted(e, key, job, job.Class)
	}
	if e.abandonment != job.abandonment {
		// It is claimed again, by what knows nothing of this.
		out.Keys = append(out.Keys, key)
		return out
	}
	out.add(l.endAbandonment(e))
	return out
}

// FoundLeft takes in what a look-up of a key that was left found, nil for nothing. held reports
// whether the end of the old status has to wait for job.Settle, since a write may be on its way
// there; nothing else has to wait for that.
func (l *Ledger) FoundLeft(key Key, job Job, shown *providers.Shown) (out Changes, held bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	held = job.mayYetCome(shown)
	if e := l.entryOf(key); e != nil && job.abandonment != nil && e.abandonment == job.abandonment {
		if held {
			return l.holdLeft(e, job), true
		}
		e.observe(shown, job.via)
	}
	return Changes{}, held
}

// mayYetCome reports whether a write may be on its way to a place that was left, in place of
// what was found there.
func (j Job) mayYetCome(shown *providers.Shown) bool {
	return j.Settle > 0 && (shown == nil || j.Observation.Lost() && j.Account.Next(shown, j.lost) != providers.StepNone)
}

// holdLeft records that the end of an old status has to wait, and that nothing else
// has to wait for it.
func (l *Ledger) holdLeft(e *entry, job Job) Changes {
	e.abandonment.held = true
	e.mutableDetails().lookAt = l.clock.Now().Add(job.Settle)
	var out Changes
	if o := l.objectAt(e.abandonment.claim.Object); o != nil && o.problem == nil && o.key() != e.key() {
		out.Keys = append(out.Keys, o.key())
		out.Objects = append(out.Objects, o.id())
	}
	return out
}

// NotEnded records that the one attempt to end an old status failed. unknown says
// that it may have had an effect all the same.
func (l *Ledger) NotEnded(key Key, job Job, unknown bool) Changes {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := l.entryOf(key)
	if e == nil {
		return Changes{}
	}
	if unknown {
		_, want := planEnd(job.Account, job.Observation, job.Verdict.Owner.Want)
		e.lose(l.clock.Now(), want)
	}
	if e.abandonment != job.abandonment {
		return Changes{Keys: []Key{key}}
	}
	return l.endAbandonment(e)
}
