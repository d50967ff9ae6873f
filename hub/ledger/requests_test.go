package ledger_test

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger/ledgertest"
	"github.com/argoproj-labs/commit-status-hub/providers"
)

// failing is a fleet whose key, claimed by eu first and by us, has failed.
func failing(t *testing.T) *fleet {
	f := newFleet(t)
	f.Hear("eu", ledgertest.CommitStatus(ledgertest.Wants("success")))
	f.Hear("us", ledgertest.CommitStatus(ledgertest.CreatedAt(2000), ledgertest.Wants("failure")))
	f.Failed(ledgertest.Key, f.Claimed(), f.Clock.Now(), providers.Errorf(v1alpha1.ReasonRepoNotFound, "no such repository"))
	f.G.Expect(f.Claimed().Wait).To(Equal(ledger.FirstCheck))
	return f
}

func TestNoteRequest_ResetsNoRetriesForWhoDoesNotOwnTheKey(t *testing.T) {
	f := failing(t)
	generation := func(cs *v1alpha1.CommitStatus) { cs.Generation++ }
	f.Edit("us", ledgertest.CreatedAt(2000), ledgertest.Wants("failure"), ledgertest.Requested("now"))
	f.G.Expect(f.Claimed().Wait).To(Equal(ledger.FirstCheck), "a request")
	f.Edit("us", ledgertest.CreatedAt(2000), ledgertest.Wants("queued"), generation)
	f.G.Expect(f.Claimed().Wait).To(Equal(ledger.FirstCheck), "a change of the spec")
	f.Edit("eu", ledgertest.Wants("success"), ledgertest.Requested("now"))
	f.G.Expect(f.Claimed().Wait).To(BeZero(), "the owner's request")
}

func TestSetRepo_HasWhatFailedTriedAgainWhereTheOwnersGitRepoChanged(t *testing.T) {
	type edit = func(*v1alpha1.GitRepo)
	f := failing(t)
	set := func(cluster string, edits ...edit) time.Duration {
		repo := ledgertest.GitRepo()
		for _, edit := range edits {
			edit(repo)
		}
		f.SetRepo(cluster, f.Token[cluster], client.ObjectKeyFromObject(repo), repo)
		return f.Claimed().Wait
	}
	changed := func(r *v1alpha1.GitRepo) { r.Generation = 2 }
	anew := func(r *v1alpha1.GitRepo) { r.UID = "another" }
	f.G.Expect(set("eu")).To(Equal(ledger.FirstCheck), "as it was")
	f.G.Expect(set("eu", func(r *v1alpha1.GitRepo) { r.ResourceVersion = "2" })).To(Equal(ledger.FirstCheck), "nothing of the spec")
	f.G.Expect(set("us", changed)).To(Equal(ledger.FirstCheck), "another claimant's")
	f.G.Expect(set("us", anew)).To(Equal(ledger.FirstCheck), "another claimant's")
	f.G.Expect(set("eu", changed)).To(BeZero())
	f = failing(t)
	f.G.Expect(set("eu", anew)).To(BeZero())
}

func TestNoteRequest_ResetsRetriesOnceAMinute(t *testing.T) {
	f := failing(t)
	fail := func() {
		f.Failed(ledgertest.Key, f.Claimed(), f.Clock.Now(), providers.Errorf(v1alpha1.ReasonRepoNotFound, "no such repository"))
	}
	f.Edit("eu", ledgertest.Wants("success"), ledgertest.Requested("1"))
	f.G.Expect(f.Claimed().Wait).To(BeZero())
	fail()
	f.Clock.Step(10 * time.Second)
	f.Edit("eu", ledgertest.Wants("success"), ledgertest.Requested("2"))
	f.G.Expect(f.Claimed().Wait).To(Equal(50 * time.Second))
	f.Edit("eu", ledgertest.Wants("success"), ledgertest.Requested("2"), func(cs *v1alpha1.CommitStatus) { cs.Generation++ })
	f.G.Expect(f.Claimed().Wait).To(BeZero(), "a change of the spec asks at once")
}

func TestAdvance_ForgetsOldRequests(t *testing.T) {
	f := failing(t)
	f.Edit("eu", ledgertest.Wants("success"), ledgertest.Requested("1"))
	f.show()
	f.G.Expect(f.Entry(ledgertest.Key).Plain()).To(BeFalse(), "it bounds the next one")
	f.Clock.Step(ledger.AskedEvery)
	f.Advance(ledgertest.Key)
	f.G.Expect(f.Entry(ledgertest.Key).Plain()).To(BeTrue())
}
