package ledger

import (
	"fmt"
	"reflect"
	"testing"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"pgregory.net/rapid"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
)

// tallyProblem compares the tally of an entry with the claims on it, "" for no difference.
func tallyProblem(l *Ledger, e *entry) string {
	var claims claimList
	reported := map[reportedStatus]bool{}
	t := e.claimIndex()
	for i, o := range e.claims {
		counts := l.synced(o.cluster)
		if int(o.slot) != i || o.counted != (counts && t != nil) {
			return fmt.Sprintf("%s: slot %d at %d, counted %v", o.id(), o.slot, i, o.counted)
		}
		if counts {
			claims = append(claims, o.claim())
			reported[o.reported()] = true
		}
	}
	switch {
	case t == nil:
		return ""
	case t.size() != len(claims), t.agreed() != (len(reported) <= 1):
		return fmt.Sprintf("%d claims, agreed %v; should be %d, %v", t.size(), t.agreed(), len(claims), len(reported) <= 1)
	case len(claims) == 0:
		return ""
	}
	for _, now := range []fixedFleet{{}, joining, {aggregate: []string{""}, silent: []string{"a", "b", "c", "prod"}}} {
		if got, want := arbitrate(t, now), arbitrate(claims, now); !reflect.DeepEqual(got, want) {
			return fmt.Sprintf("%+v, should be %+v", got, want)
		}
	}
	return ""
}

func TestTally_DecidesAsALookThroughAllClaims(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		f := newFleet(t)
		f.few = rapid.IntRange(0, 4).Draw(r, "few")
		scm := testSCM(allowAll())
		scm.aggregate = rapid.Bool().Draw(r, "aggregate")
		f.SetScmProvider("acme", scm)
		clusters := []string{"a", "b", "c"}
		for _, cluster := range clusters[:2] {
			f.hear(cluster)
		}
		f.tell("c")
		check := func() {
			f.Route(testKey)
			if e := f.entryOf(testKey); e != nil {
				f.g.Expect(tallyProblem(f.Ledger, e)).To(BeEmpty())
				f.g.Expect(e.claimIndex() != nil).To(Equal(len(e.claims) > f.few))
			}
		}
		for range rapid.IntRange(1, 40).Draw(r, "events") {
			cluster, name := rapid.SampledFrom(clusters).Draw(r, "cluster"), fmt.Sprint(rapid.IntRange(0, 3).Draw(r, "name"))
			switch rapid.IntRange(0, 9).Draw(r, "event") {
			case 0:
				f.RemoveObject(cluster, f.token[cluster], types.NamespacedName{Namespace: "team-a", Name: name}, OutOfSight)
			case 1:
				f.Disengage(cluster, f.token[cluster])
				f.tell(cluster)
			case 2:
				f.Synced(cluster, f.token[cluster])
			case 3:
				f.SetScmProvider("acme", scm)
			default:
				f.SetObject(cluster, f.token[cluster], anyObject(r, cluster, name))
			}
			check()
		}
	})
}

func anyObject(r *rapid.T, cluster, name string) *v1alpha1.CommitStatus {
	return testStatus(func(cs *v1alpha1.CommitStatus) {
		cs.Name, cs.UID = name, types.UID(cluster+name)
		cs.CreationTimestamp = metav1.Unix(rapid.Int64Range(0, 2).Draw(r, "age"), 0)
		cs.Spec.Phase = anyPhase(r)
		cs.Spec.URL = rapid.SampledFrom([]string{"", "https://ci.example.com/" + cluster + name}).Draw(r, "url")
		cs.Spec.SHA = rapid.SampledFrom([]string{testSHA, testSHA, movedSHA}).Draw(r, "sha")
		if rapid.Bool().Draw(r, "told") {
			cs.Status = statusWith(anyPhase(r), 7)
			cs.Status.Description = rapid.SampledFrom([]string{"", "3 of 5 done"}).Draw(r, "description")
			cs.Status.Owner = rapid.SampledFrom([]string{"", "a/team-a/0"}).Draw(r, "owner")
		}
	})
}
