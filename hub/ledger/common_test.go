package ledger_test

import (
	"fmt"
	"slices"
	"testing"

	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/types"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger/ledgertest"
)

// shared is a fleet with a key that many clusters claim, all of which see it synced; c0
// owns it.
func shared(t *testing.T) *fleet {
	f := newFleet(t)
	f.SetFew(2)
	for i := range 5 {
		f.Hear(fmt.Sprintf("c%d", i), ledgertest.CommitStatus(ledgertest.CreatedAt(int64(i)), ledgertest.Wants("success")))
	}
	f.Showed(ledgertest.Key, f.Claimed(), ledgertest.Shows("success"), true)
	f.publishAll()
	return f
}

// publishAll publishes to all clusters what there is to publish.
func (f *fleet) publishAll() (to []string) {
	for i := range 5 {
		if cluster := fmt.Sprintf("c%d", i); f.Published(cluster) != nil {
			to = append(to, cluster)
		}
	}
	return to
}

// change changes a cluster's CommitStatus, and has a worker look at its key.
func (f *fleet) change(cluster string, edit ...func(*v1alpha1.CommitStatus)) ledger.Changes {
	cs := f.Object(cluster).DeepCopy()
	cs.Generation++
	cs.ResourceVersion = fmt.Sprint(cs.Generation)
	for _, f := range edit {
		f(cs)
	}
	f.SetObject(cluster, f.Token[cluster], cs)
	job := f.Claimed()
	f.G.Expect(job.Plan()).To(Equal(ledger.ActNothing))
	return f.Settled(ledgertest.Key, job)
}

func TestLedgerSettled_LeavesOutManyClaimantsThatAreUpToDate(t *testing.T) {
	f := shared(t)
	f.G.Expect(f.change("c3", ledgertest.Wants("failure")).Objects).To(BeEmpty())
	f.G.Expect(f.publishAll()).To(ConsistOf("c3"))
	f.G.Expect(f.change("c3", ledgertest.Wants("success")).Objects).To(BeEmpty())
	f.G.Expect(f.publishAll()).To(ConsistOf("c3"))
}

func TestLedgerSettled_ReturnsManyClaimantsOnceTheirStatusesDiffer(t *testing.T) {
	for name, change := range map[string]func(f *fleet) ledger.Changes{
		"another owner": func(f *fleet) ledger.Changes {
			f.RemoveObject("c0", f.Token["c0"], types.NamespacedName{Namespace: "team-a", Name: "build"}, ledger.OutOfSight)
			return f.Settled(ledgertest.Key, f.Claimed())
		},
		"another handle": func(f *fleet) ledger.Changes {
			another := ledgertest.Shows("success")
			another.Handle.GitHub.CheckRunID++
			f.Entry(ledgertest.Key).Shown = another
			return f.Settled(ledgertest.Key, f.Claimed())
		},
		"an outcome in between": func(f *fleet) ledger.Changes {
			f.Hear("c0", ledgertest.CommitStatus(ledgertest.CreatedAt(0), ledgertest.Wants("failure")))
			f.Showed(ledgertest.Key, f.Claimed(), ledgertest.Shows("failure"), true)
			f.G.Expect(f.Published("c3")).NotTo(BeNil())
			f.Entry(ledgertest.Key).Shown = ledgertest.Shows("success")
			return f.change("c0", ledgertest.Wants("success"))
		},
		"an owner in between": func(f *fleet) ledger.Changes {
			f.Hear("c9", ledgertest.CommitStatus(ledgertest.CreatedAt(-1), ledgertest.Wants("success")))
			f.Advance(ledgertest.Key)
			f.G.Expect(f.Published("c3")).NotTo(BeNil())
			f.Disengage("c9", f.Token["c9"])
			return f.Settled(ledgertest.Key, f.Claimed())
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := shared(t)
			f.Settled(ledgertest.Key, f.Claimed())
			ids := change(f).Objects
			f.G.Expect(slices.Contains(ids, ledgertest.ID("c3"))).To(BeTrue(), "%v", ids)
		})
	}
}

func TestLedgerSettled_CountsWritesSavedForOneOfMany(t *testing.T) {
	f := shared(t)
	before := f.Count().Saved.Duplicate
	f.change("c3", ledgertest.Wants("failure"))
	f.G.Expect(f.Count().Saved.Duplicate).To(Equal(before), "it is not shown")
	f.change("c3", ledgertest.Wants("success"))
	f.G.Expect(f.Count().Saved.Duplicate).To(Equal(before + 1))
	f.Settled(ledgertest.Key, f.Claimed())
	f.G.Expect(f.Count().Saved.Duplicate).To(Equal(before + 1))
}
