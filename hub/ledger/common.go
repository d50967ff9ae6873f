package ledger

import (
	"time"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
)

// commonInput is what the statuses of all claimants of a key depend on in common: what is
// not the claimant's own in statusInput. It is comparable.
type commonInput struct {
	owner    ObjectID
	want     providers.Status
	waitFor  string
	together bool
	// claims, worst and first are those of Joined.
	claims, worst int
	first         [maxNamed]ObjectID

	present                bool
	shown                  providers.Status
	handle                 v1alpha1.ProviderHandle
	certain, lost, drifted bool
	writer                 string
	updatedAt              time.Time
	failure                *providers.Error
	pending                *pending
	// epoch is that of the ScmProvider, of which the dialect and the title are.
	epoch uint64
}

func (l *Ledger) commonInput(s statusInput) commonInput {
	c := commonInput{
		owner: s.verdict.Owner.Object, want: s.verdict.Want, waitFor: s.verdict.WaitFor, together: s.verdict.Joined != nil,
		certain: s.certain, lost: s.lost, drifted: s.drifted, writer: s.writer, updatedAt: s.updatedAt, failure: s.failure, pending: s.pending,
		epoch: l.scms[s.verdict.Owner.Provider].epoch,
	}
	if j := s.verdict.Joined; j != nil {
		c.claims, c.worst = j.Claims, j.Worst
		copy(c.first[:], j.First)
	}
	if s.shown != nil {
		c.present, c.shown, c.handle = true, s.shown.Status, s.shown.Handle
	}
	return c
}

// sees takes in with what a claimant's status is worked out.
func (t *claimIndex) sees(c commonInput) {
	if t.handed != nil && *t.handed != c {
		t.handed = nil
	}
}

// handOut returns the claimants of an entry for the publisher.
func (l *Ledger) handOut(e *entry, v Verdict) Changes {
	if t := e.claimIndex(); t != nil {
		t.handed = nil
		if now, ok := l.commonOf(e, v); ok {
			t.handed = &now
		}
	}
	return l.claimants(e)
}

// handedOut reports whether many claimants were all handed to the publisher with what is
// true now, and none has seen anything else since. A change of a thousand claims that are
// overruled would else look at a thousand statuses a thousand times.
func (l *Ledger) handedOut(e *entry, v Verdict) bool {
	t := e.claimIndex()
	if t == nil || t.handed == nil {
		return false
	}
	now, ok := l.commonOf(e, v)
	return ok && t.handed != nil && *t.handed == now
}

// commonOf returns what is common to the claimants of an entry with an index; ok is false where
// nothing is to be published.
func (l *Ledger) commonOf(e *entry, v Verdict) (_ commonInput, ok bool) {
	t := e.claimIndex()
	if t.size() == 0 {
		return commonInput{}, false
	}
	o := t.oldestFirst[0]
	s, ok := l.statusInputBy(statusInput{}, o, e, v, true)
	if !ok {
		return commonInput{}, false
	}
	return l.commonInput(s), true
}
