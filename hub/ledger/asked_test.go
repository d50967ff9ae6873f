package ledger

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
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
