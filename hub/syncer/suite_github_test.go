package syncer_test

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger/ledgertest"
)

const testApp = 12345

func TestReplace_LeavesNoCheckSuiteUnfinished(t *testing.T) {
	for name, lacking := range map[string]func(*v1alpha1.CommitStatusSpec){
		"no description": func(spec *v1alpha1.CommitStatusSpec) { spec.Description = "" },
		"no URL":         func(spec *v1alpha1.CommitStatusSpec) { spec.URL = "" },
	} {
		t.Run(name, func(t *testing.T) {
			w, github := githubWorld(t)
			change := func(phase v1alpha1.Phase, edit func(*v1alpha1.CommitStatusSpec)) {
				cs := w.objects["build"].DeepCopy()
				cs.Generation++
				cs.Spec.Phase = phase
				edit(&cs.Spec)
				w.set(cs)
				w.run(time.Minute)
			}
			w.want("build", v1alpha1.PhaseQueued)
			change(v1alpha1.PhaseInProgress, func(spec *v1alpha1.CommitStatusSpec) {
				spec.Description, spec.URL = "12 apps", "https://ci.example.com/1"
			})
			w.G.Expect(github.CheckSuiteStatus("acme/shop", ledgertest.SHA, testApp)).To(Equal("in_progress"))
			change(v1alpha1.PhaseInProgress, lacking)
			change(v1alpha1.PhaseSuccess, lacking)
			w.G.Expect(github.CheckSuiteStatus("acme/shop", ledgertest.SHA, testApp)).To(Equal("completed"))
			w.G.Expect(w.condition("build").Reason).To(Equal(v1alpha1.ReasonSynced))
		})
	}
}

// Without a webhook nothing tells of the button, and no run has changed.
func TestRerequestedCheckSuite_IsNoDriftAndIsAnsweredByTheNextWrite(t *testing.T) {
	w, github := githubWorld(t)
	w.want("build", v1alpha1.PhaseSuccess)
	w.run(time.Minute)
	written := len(github.Writes())
	github.RerequestCheckSuite("acme/shop", ledgertest.SHA, testApp)
	w.run(time.Hour)
	w.request("build")
	w.run(time.Hour)
	w.G.Expect(github.Writes()).To(HaveLen(written))
	w.G.Expect(w.condition("build").Reason).To(Equal(v1alpha1.ReasonSynced))
	w.want("build", v1alpha1.PhaseFailure)
	w.run(time.Minute)
	w.G.Expect(github.CheckSuiteStatus("acme/shop", ledgertest.SHA, testApp)).To(Equal("completed"))
}
