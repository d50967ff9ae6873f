package ledger

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
)

// GitHub shows an App's home page for a run without a URL. One that was asked for is no drift, and
// nothing that can be written again.
func TestLedgerCompare_TakesTheHomePageThatIsWantedForTheClaims(t *testing.T) {
	for _, url := range []string{"https://app-12345.example.com", ""} {
		w, _ := githubWorld(t)
		cs := testStatus(wants("success"), func(cs *v1alpha1.CommitStatus) {
			cs.Name, cs.UID, cs.Spec.Name, cs.Spec.URL = "a", "uid-a", "a", url
		})
		w.set(cs)
		w.run(time.Second)
		w.g.Expect(w.condition("a").Reason).To(Equal(v1alpha1.ReasonSynced))
		before := w.objectAt(ObjectID{Cluster: "eu", Namespace: "team-a", Name: "a"}).statusNow()
		w.g.Expect(before.URL).To(Equal(url))
		from := len(w.Calls())
		w.now.Step(2 * time.Minute)
		w.request("a")
		w.run(time.Second)
		w.g.Expect(w.Calls()[from:]).To(HaveLen(1), "one list, and nothing to write")
		w.g.Expect(w.condition("a").Reason).To(Equal(v1alpha1.ReasonSynced))
		w.g.Expect(w.objectAt(ObjectID{Cluster: "eu", Namespace: "team-a", Name: "a"}).statusNow().URL).To(Equal(url))
	}
}
