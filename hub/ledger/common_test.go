package ledger

import (
	"fmt"
	"reflect"
	"slices"
	"testing"

	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/types"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
)

// shared is a fleet with a key that many clusters claim, all of which see it synced; c0
// owns it.
func shared(t *testing.T) *fleet {
	f := newFleet(t)
	f.few = 2
	for i := range 5 {
		f.hear(fmt.Sprintf("c%d", i), testStatus(createdAt(int64(i)), wants("success")))
	}
	f.Showed(testKey, f.job(), shows("success"), true)
	f.publishAll()
	return f
}

// publishAll publishes to all clusters what there is to publish.
func (f *fleet) publishAll() (to []string) {
	for i := range 5 {
		if cluster := fmt.Sprintf("c%d", i); f.published(cluster) != nil {
			to = append(to, cluster)
		}
	}
	return to
}

// change changes a cluster's CommitStatus, and has a worker look at its key.
func (f *fleet) change(cluster string, edit ...func(*v1alpha1.CommitStatus)) Changes {
	old := f.objectAt(idIn(cluster)).source
	cs := old.DeepCopy()
	cs.Generation++
	cs.ResourceVersion = fmt.Sprint(cs.Generation)
	for _, f := range edit {
		f(cs)
	}
	f.SetObject(cluster, f.token[cluster], cs)
	job := f.job()
	f.g.Expect(plan(job.Account, job.Observation, job.Verdict.Want)).To(Equal(ActNothing))
	return f.Settled(testKey, job)
}

func TestLedgerSettled_LeavesOutManyClaimantsThatAreUpToDate(t *testing.T) {
	f := shared(t)
	f.g.Expect(f.change("c3", wants("failure")).Objects).To(BeEmpty())
	f.g.Expect(f.publishAll()).To(ConsistOf("c3"))
	f.g.Expect(f.change("c3", wants("success")).Objects).To(BeEmpty())
	f.g.Expect(f.publishAll()).To(ConsistOf("c3"))
}

func TestLedgerSettled_ReturnsManyClaimantsOnceTheirStatusesDiffer(t *testing.T) {
	for name, change := range map[string]func(f *fleet) Changes{
		"another owner": func(f *fleet) Changes {
			f.RemoveObject("c0", f.token["c0"], types.NamespacedName{Namespace: "team-a", Name: "build"}, OutOfSight)
			return f.Settled(testKey, f.job())
		},
		"another handle": func(f *fleet) Changes {
			s := *f.entryOf(testKey).Shown
			s.Handle = v1alpha1.ProviderHandle{GitHub: &v1alpha1.GitHubHandle{CheckRunID: 4712}}
			f.entryOf(testKey).Shown = &s
			return f.Settled(testKey, f.job())
		},
		"an outcome in between": func(f *fleet) Changes {
			f.hear("c0", testStatus(createdAt(0), wants("failure")))
			f.Showed(testKey, f.job(), shows("failure"), true)
			f.g.Expect(f.published("c3")).NotTo(BeNil())
			f.entryOf(testKey).Shown = shows("success")
			return f.change("c0", wants("success"))
		},
		"an owner in between": func(f *fleet) Changes {
			f.hear("c9", testStatus(createdAt(-1), wants("success")))
			f.Advance(testKey)
			f.g.Expect(f.published("c3")).NotTo(BeNil())
			f.Disengage("c9", f.token["c9"])
			return f.Settled(testKey, f.job())
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := shared(t)
			f.Settled(testKey, f.job())
			ids := change(f).Objects
			f.g.Expect(slices.Contains(ids, idIn("c3"))).To(BeTrue(), "%v", ids)
		})
	}
}

func TestLedgerSettled_CountsWritesSavedForOneOfMany(t *testing.T) {
	f := shared(t)
	before := f.Count().Saved.Duplicate
	f.change("c3", wants("failure"))
	f.g.Expect(f.Count().Saved.Duplicate).To(Equal(before), "it is not shown")
	f.change("c3", wants("success"))
	f.g.Expect(f.Count().Saved.Duplicate).To(Equal(before + 1))
	f.Settled(testKey, f.job())
	f.g.Expect(f.Count().Saved.Duplicate).To(Equal(before + 1))
}

func TestCommonInput_HasAllThatClaimantsShare(t *testing.T) {
	own := []string{"generation", "before", "problem", "sha", "claim", "moving"}
	// The dialect, the title and whether it is suspended are the ScmProvider's, of which the epoch stands.
	common := []string{"verdict", "shown", "certain", "lost", "failure", "pending", "writer", "updatedAt", "dialect", "title", "drifted", "suspended"}
	var fields []string
	for field := range reflect.TypeFor[statusInput]().Fields() {
		fields = append(fields, field.Name)
	}
	NewWithT(t).Expect(fields).To(ConsistOf(slices.Concat(own, common)), "a new field of statusInput belongs into commonInput, or is the claimant's own")
}
