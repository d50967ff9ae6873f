package syncer_test

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger/ledgertest"
)

func (w *scmWorld) suspend(on bool) {
	w.provider.Spec.Suspend = on
	w.open()
	w.run(time.Second)
}

func TestSuspend_SendsNothingAndResumesWithoutLoss(t *testing.T) {
	everySCM(t, func(t *testing.T, start func() *scmWorld, _ own) {
		w := start()
		w.want("same", v1alpha1.PhaseSuccess)
		w.want("changed", v1alpha1.PhaseInProgress)
		w.run(time.Second)
		w.G.Expect(w.reasons()).To(Equal(map[string]int{v1alpha1.ReasonSynced: 2}))
		w.suspend(true)
		sent := len(w.Calls())
		w.want("changed", v1alpha1.PhaseSuccess)
		w.want("new", v1alpha1.PhaseSuccess)
		w.request("same")
		w.run(3 * time.Hour)
		w.G.Expect(w.Calls()).To(HaveLen(sent), "nothing is sent")
		w.G.Expect(w.reasons()).To(Equal(map[string]int{v1alpha1.ReasonSuspended: 3}))
		ready := w.condition("changed")
		w.G.Expect(ready.Status).To(Equal(metav1.ConditionUnknown))
		w.G.Expect(ready.Message).To(HavePrefix("ScmProvider acme is suspended"))
		w.suspend(false)
		w.G.Expect(w.reasons()).To(Equal(map[string]int{v1alpha1.ReasonSynced: 3}))
	})
}

func TestSuspend_CancelsNothingThatIsDeleted(t *testing.T) {
	w, github := githubWorld(t)
	w.want("build", v1alpha1.PhaseInProgress)
	w.run(time.Second)
	w.suspend(true)
	w.apply(w.RemoveObject("eu", w.Token["eu"], types.NamespacedName{Namespace: "team-a", Name: "build"}, ledger.Deleted))
	w.run(time.Minute)
	w.suspend(false)
	w.run(time.Hour)
	w.G.Expect(github.CheckRuns("acme/shop", ledgertest.SHA)[0].Status).To(Equal("in_progress"))
}

func TestSuspend_KeepsTheEndOfAnOldPlace(t *testing.T) {
	w, github := githubWorld(t)
	other := "fedcba9876543210fedcba9876543210fedcba98"
	github.AddCommit("acme/shop", other)
	w.want("build", v1alpha1.PhaseInProgress)
	w.run(time.Second)
	w.suspend(true)
	moved := w.objects["build"].DeepCopy()
	moved.Generation++
	moved.Spec.SHA = other
	w.set(moved)
	w.run(5 * time.Hour)
	w.G.Expect(github.CheckRuns("acme/shop", ledgertest.SHA)[0].Status).To(Equal("in_progress"))
	w.suspend(false)
	w.run(2 * time.Minute)
	w.G.Expect(github.CheckRuns("acme/shop", ledgertest.SHA)[0].Conclusion).To(Equal("cancelled"))
	w.G.Expect(w.condition("build").Reason).To(Equal(v1alpha1.ReasonSynced))
}
