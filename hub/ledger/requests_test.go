package ledger

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
	"github.com/argoproj-labs/commit-status-hub/ratelimit"
)

// withLoser has another cluster claim the key of a bench after eu.
func withLoser(t *testing.T) *bench {
	b := newDriftBench(t, false)
	b.hear("us", testStatus(createdAt(2000), wants("failure")))
	b.published("us")
	b.reconcile()
	b.compared(shows("success"))
	b.scm.asked = nil
	return b
}

func TestRoute_ChargesARequestToWhoAsks(t *testing.T) {
	for cluster, edit := range map[string]func(*v1alpha1.CommitStatus){"eu": wants("success"), "us": wants("failure")} {
		t.Run(cluster, func(t *testing.T) {
			b := withLoser(t)
			b.edit(cluster, edit, createdAt(map[string]int64{"eu": 1000, "us": 2000}[cluster]), requested("now"))
			route := b.Route(testKey)
			b.g.Expect(route.Cluster).To(Equal(cluster))
			b.g.Expect(route.Namespace).To(Equal("team-a"))
			b.g.Expect(route.Priority).To(Equal(ratelimit.PriorityRecheck))
		})
	}
}

func TestSurvey_IsWholeOnlyForWhoDecidesWhatIsShown(t *testing.T) {
	b := withLoser(t)
	b.edit("us", wants("failure"), createdAt(2000), requested("1"))
	b.reconcile()
	b.g.Expect(b.scm.asked).To(Equal([]string{"list tag"}), "an answer that nothing has changed will do")
	b.now.Step(askedEvery)
	b.edit("eu", wants("success"), requested("1"))
	b.reconcile()
	b.g.Expect(b.scm.asked).To(Equal([]string{"list tag", "list"}))
	b.now.Step(askedEvery)
	b.edit("us", wants("failure"), createdAt(2000), requested("2"))
	b.edit("eu", wants("success"), requested("2"))
	b.edit("us", wants("failure"), createdAt(2000), requested("3"))
	b.reconcile()
	b.g.Expect(b.scm.asked).To(Equal([]string{"list tag", "list", "list"}), "the owner's request stands")
}

func TestSurvey_FindsDriftForALoserAndLeavesItToThePolicy(t *testing.T) {
	b := withLoser(t)
	b.scm.listed = listed(shows("failure"))
	b.edit("us", wants("failure"), createdAt(2000), requested("now"))
	b.reconcile()
	b.reconcile()
	b.g.Expect(b.scm.asked).To(Equal([]string{"list tag"}))
	b.g.Expect(readyOf(b.published("eu")).Reason).To(Equal(v1alpha1.ReasonDrifted))
}

func TestNextCheck_AnswersRequestsOnceAMinuteForAKey(t *testing.T) {
	for _, who := range []string{"us", "eu"} {
		t.Run(who, func(t *testing.T) {
			b := withLoser(t)
			ask := func(at string) {
				edit := []func(*v1alpha1.CommitStatus){wants("success"), requested(at)}
				if who == "us" {
					edit = []func(*v1alpha1.CommitStatus){wants("failure"), createdAt(2000), requested(at)}
				}
				b.edit(who, edit...)
			}
			ask("0")
			b.reconcile()
			b.g.Expect(b.scm.asked).To(HaveLen(1))
			for _, at := range []string{"1", "2", "3"} {
				b.now.Step(time.Second)
				ask(at)
				b.reconcile()
			}
			b.g.Expect(b.scm.asked).To(HaveLen(1))
			b.g.Expect(b.reconcile()).To(Equal(askedEvery-3*time.Second), "what was asked for is not forgotten")
			b.now.Step(askedEvery - 3*time.Second)
			b.reconcile()
			b.g.Expect(b.scm.asked).To(HaveLen(2))
			b.now.Step(askedEvery)
			b.reconcile()
			b.g.Expect(b.entryOf(testKey).more).To(BeNil(), "nothing is kept of old requests")
		})
	}
}

// failing is a fleet whose key, claimed by eu first and by us, has failed.
func failing(t *testing.T) *fleet {
	f := newFleet(t)
	f.hear("eu", testStatus(wants("success")))
	f.hear("us", testStatus(createdAt(2000), wants("failure")))
	f.Failed(testKey, f.job(), f.now.Now(), providers.Errorf(v1alpha1.ReasonRepoNotFound, "no such repository"))
	f.g.Expect(f.job().Wait).To(Equal(firstCheck))
	return f
}

func TestNoteRequest_ResetsNoRetriesForWhoDoesNotOwnTheKey(t *testing.T) {
	f := failing(t)
	generation := func(cs *v1alpha1.CommitStatus) { cs.Generation++ }
	f.edit("us", createdAt(2000), wants("failure"), requested("now"))
	f.g.Expect(f.job().Wait).To(Equal(firstCheck), "a request")
	f.edit("us", createdAt(2000), wants("queued"), generation)
	f.g.Expect(f.job().Wait).To(Equal(firstCheck), "a change of the spec")
	f.edit("eu", wants("success"), requested("now"))
	f.g.Expect(f.job().Wait).To(BeZero(), "the owner's request")
}

func TestSetRepo_HasWhatFailedTriedAgainWhereTheOwnersGitRepoChanged(t *testing.T) {
	type edit = func(*v1alpha1.GitRepo)
	f := failing(t)
	set := func(cluster string, edits ...edit) time.Duration {
		repo := testRepo()
		for _, edit := range edits {
			edit(repo)
		}
		f.SetRepo(cluster, f.token[cluster], client.ObjectKeyFromObject(repo), repo)
		return f.job().Wait
	}
	changed := func(r *v1alpha1.GitRepo) { r.Generation = 2 }
	anew := func(r *v1alpha1.GitRepo) { r.UID = "another" }
	f.g.Expect(set("eu")).To(Equal(firstCheck), "as it was")
	f.g.Expect(set("eu", func(r *v1alpha1.GitRepo) { r.ResourceVersion = "2" })).To(Equal(firstCheck), "nothing of the spec")
	f.g.Expect(set("us", changed)).To(Equal(firstCheck), "another claimant's")
	f.g.Expect(set("us", anew)).To(Equal(firstCheck), "another claimant's")
	f.g.Expect(set("eu", changed)).To(BeZero())
	f = failing(t)
	f.g.Expect(set("eu", anew)).To(BeZero())
}

func TestNoteRequest_ResetsRetriesOnceAMinute(t *testing.T) {
	f := failing(t)
	fail := func() {
		f.Failed(testKey, f.job(), f.now.Now(), providers.Errorf(v1alpha1.ReasonRepoNotFound, "no such repository"))
	}
	f.edit("eu", wants("success"), requested("1"))
	f.g.Expect(f.job().Wait).To(BeZero())
	fail()
	f.now.Step(10 * time.Second)
	f.edit("eu", wants("success"), requested("2"))
	f.g.Expect(f.job().Wait).To(Equal(50 * time.Second))
	f.edit("eu", wants("success"), requested("2"), func(cs *v1alpha1.CommitStatus) { cs.Generation++ })
	f.g.Expect(f.job().Wait).To(BeZero(), "a change of the spec asks at once")
}
