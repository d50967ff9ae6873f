package syncer_test

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/types"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger/ledgertest"
)

// joinsAt engages a cluster whose Secret was made so many seconds after 1970, and tells its
// GitRepo.
func (b *bench) joinsAt(cluster string, sec int64) {
	b.Token[cluster] = b.Engage(cluster, time.Unix(sec, 0))
	b.SetRepo(cluster, b.Token[cluster], types.NamespacedName{Namespace: "team-a", Name: "shop"}, ledgertest.GitRepo())
}

// shows has a cluster show a CommitStatus just as it is.
func (b *bench) shows(cluster string, object *v1alpha1.CommitStatus) {
	b.SetObject(cluster, b.Token[cluster], object)
}

// owner is the cluster whose claim owns the key, "" for none.
func (b *bench) owner() string {
	job, _, ok := b.Job(ledgertest.Key)
	if !ok {
		return ""
	}
	return job.Verdict.Owner.Object.Cluster
}

func sharedWith(b *bench, cluster string) [2][]string {
	older, younger := b.SharedWith(cluster)
	return [2][]string{older, younger}
}

func TestLedgerSharedObject_OfAnOlderLiarCancelsAndPatchesNothing(t *testing.T) {
	b := newBench(t)
	b.joinsAt("liar", 1000)
	b.Synced("liar", b.Token["liar"])
	b.joinsAt("eu", 2000)
	b.shows("eu", ledgertest.CommitStatus(ledgertest.Wants("in_progress")))
	b.Synced("eu", b.Token["eu"])
	b.work(ledgertest.Key)
	b.scm.asked = nil
	lie := ledgertest.CommitStatus(ledgertest.On(ledgertest.OtherSHA), ledgertest.Wants("success"))
	lie.Spec.GitRepoRef.Name = "nowhere"
	b.shows("liar", lie)
	for range 4 {
		b.work(ledgertest.Key)
		_, ok := b.Patch(ledgertest.ID("eu"))
		b.G.Expect(ok).To(BeFalse())
		b.Clock.Step(time.Minute)
	}
	b.RemoveObject("liar", b.Token["liar"], types.NamespacedName{Namespace: "team-a", Name: "build"}, ledger.Deleted)
	b.scm.found = ledgertest.Shows("in_progress")
	for range 4 {
		b.work(ledgertest.Key)
		b.Clock.Step(time.Minute)
	}
	b.G.Expect(b.scm.asked).NotTo(ContainElement(ContainSubstring("canceled")))
	b.G.Expect(b.scm.asked).NotTo(ContainElement(ContainSubstring("create")))
	b.G.Expect(b.owner()).To(Equal("eu"), "it is served again")
	b.G.Expect(b.Published("eu").IsSynced).To(BeTrue())
	b.G.Expect(sharedWith(b, "eu")).To(Equal([2][]string{}))
}

func TestLedgerSharedObject_IsTakenOverByTheNextOldestOfThree(t *testing.T) {
	joined := map[string]int64{"c": 1000, "a": 2000, "b": 3000}
	for name, gone := range map[string]func(*bench, string){
		"when the member goes": func(b *bench, cluster string) { b.Disengage(cluster, b.Token[cluster]) },
		"when its object goes": func(b *bench, cluster string) {
			b.RemoveObject(cluster, b.Token[cluster], types.NamespacedName{Namespace: "team-a", Name: "build"}, ledger.Deleted)
		},
		"when it left its list": func(b *bench, cluster string) {
			b.joinsAt(cluster, joined[cluster])
			b.Synced(cluster, b.Token[cluster])
		},
		"when its object is another": func(b *bench, cluster string) {
			b.shows(cluster, ledgertest.CommitStatus(ledgertest.On(ledgertest.OtherSHA), ledgertest.WithUID(types.UID("new-in-"+cluster))))
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			for cluster, sec := range joined {
				b.joinsAt(cluster, sec)
				b.shows(cluster, ledgertest.CommitStatus(ledgertest.Wants("in_progress")))
				b.Synced(cluster, b.Token[cluster])
			}
			b.work(ledgertest.Key)
			for i, cluster := range []string{"c", "a"} {
				b.G.Expect(b.owner()).To(Equal(cluster))
				b.G.Expect(sharedWith(b, cluster)).To(Equal([2][]string{nil, [][]string{{"a", "b"}, {"b"}}[i]}), "one at a time")
				gone(b, cluster)
				b.Clock.Step(time.Minute)
				b.work(ledgertest.Key)
				b.G.Expect(b.owner()).To(Equal([]string{"a", "b"}[i]))
			}
			for cluster := range joined {
				b.G.Expect(sharedWith(b, cluster)).To(Equal([2][]string{}), cluster)
			}
			b.G.Expect(b.scm.asked).To(Equal([]string{"create in_progress"}), "what is shown stays as it is")
			gone(b, "b")
			b.G.Expect(b.owner()).To(BeEmpty())
		})
	}
}
