package ledger_test

import (
	"fmt"
	"testing"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"pgregory.net/rapid"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger/ledgertest"
)

func TestTally_DecidesAsALookThroughAllClaims(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		f := newFleet(t)
		few := rapid.IntRange(0, 4).Draw(r, "few")
		f.SetFew(few)
		scm := ledgertest.Opened(nil, ledgertest.Aggregating(rapid.Bool().Draw(r, "aggregate")))
		f.SetScmProvider("acme", scm)
		clusters := []string{"a", "b", "c"}
		for _, cluster := range clusters[:2] {
			f.Hear(cluster)
		}
		f.Tell("c")
		check := func() {
			f.Route(ledgertest.Key)
			f.G.Expect(f.IndexProblem()).To(BeEmpty())
			f.G.Expect(f.Indexed(ledgertest.Key)).To(Equal(len(f.Owners(ledgertest.Key)) > few))
		}
		for range rapid.IntRange(1, 40).Draw(r, "events") {
			cluster, name := rapid.SampledFrom(clusters).Draw(r, "cluster"), fmt.Sprint(rapid.IntRange(0, 3).Draw(r, "name"))
			switch rapid.IntRange(0, 9).Draw(r, "event") {
			case 0:
				f.RemoveObject(cluster, f.Token[cluster], types.NamespacedName{Namespace: "team-a", Name: name}, ledger.OutOfSight)
			case 1:
				f.Disengage(cluster, f.Token[cluster])
				f.Tell(cluster)
			case 2:
				f.Synced(cluster, f.Token[cluster])
			case 3:
				f.SetScmProvider("acme", scm)
			default:
				f.SetObject(cluster, f.Token[cluster], anyObject(r, cluster, name))
			}
			check()
		}
	})
}

func anyObject(r *rapid.T, cluster, name string) *v1alpha1.CommitStatus {
	return ledgertest.CommitStatus(func(cs *v1alpha1.CommitStatus) {
		cs.Name, cs.UID = name, types.UID(cluster+name)
		cs.CreationTimestamp = metav1.Unix(rapid.Int64Range(0, 2).Draw(r, "age"), 0)
		cs.Spec.Phase = ledger.AnyPhase(r)
		cs.Spec.URL = rapid.SampledFrom([]string{"", "https://ci.example.com/" + cluster + name}).Draw(r, "url")
		cs.Spec.SHA = rapid.SampledFrom([]string{ledgertest.SHA, ledgertest.SHA, ledgertest.OtherSHA}).Draw(r, "sha")
		if rapid.Bool().Draw(r, "told") {
			cs.Status = ledgertest.StatusWith(ledger.AnyPhase(r), 7)
			cs.Status.Description = rapid.SampledFrom([]string{"", "3 of 5 done"}).Draw(r, "description")
			cs.Status.Owner = rapid.SampledFrom([]string{"", "a/team-a/0"}).Draw(r, "owner")
		}
	})
}
