package syncer_test

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger/ledgertest"
)

// GitHub shows an App's home page for a run without a URL. One that was asked for is no drift, and
// nothing that can be written again.
func TestLedgerCompare_TakesTheHomePageThatIsWantedForTheClaims(t *testing.T) {
	for _, url := range []string{"https://app-12345.example.com", ""} {
		w, _ := githubWorld(t)
		cs := ledgertest.CommitStatus(ledgertest.Wants("success"), func(cs *v1alpha1.CommitStatus) {
			cs.Name, cs.UID, cs.Spec.Name, cs.Spec.URL = "a", "uid-a", "a", url
		})
		w.set(cs)
		w.run(time.Second)
		w.G.Expect(w.condition("a").Reason).To(Equal(v1alpha1.ReasonSynced))
		w.G.Expect(w.status("a").URL).To(Equal(url))
		from := len(w.Calls())
		w.Clock.Step(2 * time.Minute)
		w.request("a")
		w.run(time.Second)
		w.G.Expect(w.Calls()[from:]).To(HaveLen(1), "one list, and nothing to write")
		w.G.Expect(w.condition("a").Reason).To(Equal(v1alpha1.ReasonSynced))
		w.G.Expect(w.status("a").URL).To(Equal(url))
	}
}
