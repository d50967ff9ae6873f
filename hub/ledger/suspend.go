package ledger

import (
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
)

// suspendedCheck is how often the old place of a claim that moved is looked at again, while
// the ScmProvider that it was written through is suspended.
const suspendedCheck = time.Minute

// Suspended records that nothing is sent about a key, and returns whom that concerns.
func (l *Ledger) Suspended(key Key) Changes {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := l.entryOf(key)
	if e == nil {
		return Changes{}
	}
	return l.claimants(e)
}

// suspendedStatus returns the status of a claimant whose ScmProvider is suspended: it keeps
// reporting what was shown.
func suspendedStatus(s statusInput, now time.Time) v1alpha1.CommitStatusStatus {
	out := *s.before.DeepCopy()
	out.IsSynced = false
	return finish(out, s, now, metav1.ConditionUnknown, v1alpha1.ReasonSuspended,
		fmt.Sprintf("ScmProvider %s is suspended: nothing is sent to %s through it", s.verdict.Owner.Provider, s.claim.Key.Host))
}

// suspends reports whether an abandonment is kept until its ScmProvider is suspended no longer: that
// of a claim that moved. A deletion cancels nothing then.
func (l *Ledger) suspends(d *abandonment) bool {
	s := l.scms[d.claim.Provider]
	return s != nil && s.suspended && d.why == claimsElsewhere
}
