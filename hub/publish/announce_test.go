package publish

import (
	"testing"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/events"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger/ledgertest"
)

// standingPatch is a patch that changes the reason of the Ready condition, from "" where
// there was none.
func standingPatch(before, now string) ledger.Patch {
	with := func(reason string) (st v1alpha1.CommitStatusStatus) {
		ready := metav1.Condition{Type: v1alpha1.ConditionReady, Status: metav1.ConditionFalse, Reason: reason, Message: "m"}
		if reason == v1alpha1.ReasonSynced {
			ready.Status = metav1.ConditionTrue
		}
		if reason != "" {
			st.Conditions = []metav1.Condition{ready}
		}
		return st
	}
	return ledger.Patch{Source: ledgertest.CommitStatus(), Before: with(before), Status: with(now)}
}

func TestAWaitIsNoEvent(t *testing.T) {
	g := NewWithT(t)
	recorder := events.NewFakeRecorder(10)
	announce(recorder, standingPatch(v1alpha1.ReasonSynced, v1alpha1.ReasonPending), false)
	g.Expect(recorder.Events).To(BeEmpty())
	announce(recorder, standingPatch(v1alpha1.ReasonPending, v1alpha1.ReasonUnavailable), false)
	g.Expect(recorder.Events).To(Receive(ContainSubstring("SyncFailed")))
	announce(recorder, standingPatch(v1alpha1.ReasonPending, v1alpha1.ReasonSynced), false)
	g.Expect(recorder.Events).To(Receive(ContainSubstring("Synced")))
}

func TestInACrowdWhatGoesWellIsNoEvent(t *testing.T) {
	g := NewWithT(t)
	recorder := events.NewFakeRecorder(10)
	announce(recorder, standingPatch("", v1alpha1.ReasonSynced), true)
	announce(recorder, standingPatch(v1alpha1.ReasonPending, v1alpha1.ReasonSynced), true)
	g.Expect(recorder.Events).To(BeEmpty())
	announce(recorder, standingPatch("", v1alpha1.ReasonUnavailable), true)
	g.Expect(recorder.Events).To(Receive(ContainSubstring("SyncFailed")))
	announce(recorder, standingPatch(v1alpha1.ReasonUnavailable, v1alpha1.ReasonSynced), true)
	g.Expect(recorder.Events).To(Receive(ContainSubstring("Synced")), "what went wrong is told to be well again")
}

func TestAnnounce_MakesNoWarningOfAnAggregate(t *testing.T) {
	recorder := events.NewFakeRecorder(1)
	announce(recorder, standingPatch("", v1alpha1.ReasonAggregated), false)
	NewWithT(t).Expect(recorder.Events).To(Receive(HavePrefix("Normal Aggregated")))
}
