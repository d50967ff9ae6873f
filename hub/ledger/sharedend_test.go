package ledger

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/types"
)

func TestLedgerSharedObject_OfAnOlderLiarCancelsAndPatchesNothing(t *testing.T) {
	b := newBench(t)
	b.joinsAt("liar", 1000)
	b.Synced("liar", b.token["liar"])
	b.joinsAt("eu", 2000)
	b.shows("eu", testStatus(wants("in_progress")))
	b.Synced("eu", b.token["eu"])
	b.work(testKey)
	b.scm.asked = nil
	lie := testStatus(on(movedSHA), wants("success"))
	lie.Spec.GitRepoRef.Name = "nowhere"
	b.shows("liar", lie)
	for range 4 {
		b.work(testKey)
		_, ok := b.Patch(idIn("eu"))
		b.g.Expect(ok).To(BeFalse())
		b.now.Step(time.Minute)
	}
	b.RemoveObject("liar", b.token["liar"], types.NamespacedName{Namespace: "team-a", Name: "build"}, Deleted)
	b.scm.found = shows("in_progress")
	for range 4 {
		b.work(testKey)
		b.now.Step(time.Minute)
	}
	b.g.Expect(b.scm.asked).NotTo(ContainElement(ContainSubstring("canceled")))
	b.g.Expect(b.scm.asked).NotTo(ContainElement(ContainSubstring("create")))
	b.g.Expect(b.owners(testKey)).To(Equal([]string{"eu"}), "it is served again")
	b.g.Expect(b.published("eu").IsSynced).To(BeTrue())
	b.g.Expect(b.sharedWith("eu")).To(Equal([2][]string{}))
}

func TestLedgerSharedObject_IsTakenOverByTheNextOldestOfThree(t *testing.T) {
	for name, gone := range map[string]func(*bench, string){
		"when the member goes": func(b *bench, cluster string) { b.Disengage(cluster, b.token[cluster]) },
		"when its object goes": func(b *bench, cluster string) {
			b.RemoveObject(cluster, b.token[cluster], types.NamespacedName{Namespace: "team-a", Name: "build"}, Deleted)
		},
		"when it left its list": func(b *bench, cluster string) {
			b.joinsAt(cluster, b.joinedAt(cluster).Unix())
			b.Synced(cluster, b.token[cluster])
		},
		"when its object is another": func(b *bench, cluster string) {
			b.shows(cluster, testStatus(on(movedSHA), withUID(types.UID("new-in-"+cluster))))
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			for cluster, sec := range map[string]int64{"c": 1000, "a": 2000, "b": 3000} {
				b.joinsAt(cluster, sec)
				b.shows(cluster, testStatus(wants("in_progress")))
				b.Synced(cluster, b.token[cluster])
			}
			b.work(testKey)
			for i, cluster := range []string{"c", "a"} {
				b.g.Expect(b.owners(testKey)).To(Equal([]string{cluster}), "one at a time")
				gone(b, cluster)
				b.now.Step(time.Minute)
				b.work(testKey)
				b.g.Expect(b.owners(testKey)).To(Equal([]string{[]string{"a", "b"}[i]}))
			}
			b.g.Expect(b.sharings).To(BeEmpty())
			b.g.Expect(b.sharers).To(BeEmpty())
			b.g.Expect(b.scm.asked).To(Equal([]string{"create in_progress"}), "what is shown stays as it is")
			gone(b, "b")
			b.g.Expect(b.owners(testKey)).To(BeEmpty())
		})
	}
}
