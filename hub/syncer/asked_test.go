package syncer_test

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger/ledgertest"
	"github.com/argoproj-labs/commit-status-hub/ratelimit"
)

// withLoser has another cluster claim the key of a bench after eu.
func withLoser(t *testing.T) *bench {
	b := newDriftBench(t, false)
	b.Hear("us", ledgertest.CommitStatus(ledgertest.CreatedAt(2000), ledgertest.Wants("failure")))
	b.Published("us")
	b.reconcile()
	b.compared(ledgertest.Shows("success"))
	b.scm.asked = nil
	return b
}

func TestRoute_ChargesARequestToWhoAsks(t *testing.T) {
	for cluster, edit := range map[string]func(*v1alpha1.CommitStatus){"eu": ledgertest.Wants("success"), "us": ledgertest.Wants("failure")} {
		t.Run(cluster, func(t *testing.T) {
			b := withLoser(t)
			b.Edit(cluster, edit, ledgertest.CreatedAt(map[string]int64{"eu": 1000, "us": 2000}[cluster]), ledgertest.Requested("now"))
			route := b.Route(ledgertest.Key)
			b.G.Expect(route.Cluster).To(Equal(cluster))
			b.G.Expect(route.Namespace).To(Equal("team-a"))
			b.G.Expect(route.Priority).To(Equal(ratelimit.PriorityRecheck))
		})
	}
}

func TestSurvey_IsWholeOnlyForWhoDecidesWhatIsShown(t *testing.T) {
	b := withLoser(t)
	b.Edit("us", ledgertest.Wants("failure"), ledgertest.CreatedAt(2000), ledgertest.Requested("1"))
	b.reconcile()
	b.G.Expect(b.scm.asked).To(Equal([]string{"list tag"}), "an answer that nothing has changed will do")
	b.Clock.Step(askedEvery)
	b.Edit("eu", ledgertest.Wants("success"), ledgertest.Requested("1"))
	b.reconcile()
	b.G.Expect(b.scm.asked).To(Equal([]string{"list tag", "list"}))
	b.Clock.Step(askedEvery)
	b.Edit("us", ledgertest.Wants("failure"), ledgertest.CreatedAt(2000), ledgertest.Requested("2"))
	b.Edit("eu", ledgertest.Wants("success"), ledgertest.Requested("2"))
	b.Edit("us", ledgertest.Wants("failure"), ledgertest.CreatedAt(2000), ledgertest.Requested("3"))
	b.reconcile()
	b.G.Expect(b.scm.asked).To(Equal([]string{"list tag", "list", "list"}), "the owner's request stands")
}

func TestSurvey_FindsDriftForALoserAndLeavesItToThePolicy(t *testing.T) {
	b := withLoser(t)
	b.scm.listed = listed(ledgertest.Shows("failure"))
	b.Edit("us", ledgertest.Wants("failure"), ledgertest.CreatedAt(2000), ledgertest.Requested("now"))
	b.reconcile()
	b.reconcile()
	b.G.Expect(b.scm.asked).To(Equal([]string{"list tag"}))
	b.G.Expect(ledgertest.ReadyOf(b.Published("eu")).Reason).To(Equal(v1alpha1.ReasonDrifted))
}

func TestNextCheck_AnswersRequestsOnceAMinuteForAKey(t *testing.T) {
	for _, who := range []string{"us", "eu"} {
		t.Run(who, func(t *testing.T) {
			b := withLoser(t)
			ask := func(at string) {
				edit := []func(*v1alpha1.CommitStatus){ledgertest.Wants("success"), ledgertest.Requested(at)}
				if who == "us" {
					edit = []func(*v1alpha1.CommitStatus){ledgertest.Wants("failure"), ledgertest.CreatedAt(2000), ledgertest.Requested(at)}
				}
				b.Edit(who, edit...)
			}
			ask("0")
			b.reconcile()
			b.G.Expect(b.scm.asked).To(HaveLen(1))
			for _, at := range []string{"1", "2", "3"} {
				b.Clock.Step(time.Second)
				ask(at)
				b.reconcile()
			}
			b.G.Expect(b.scm.asked).To(HaveLen(1))
			b.G.Expect(b.reconcile()).To(Equal(askedEvery-3*time.Second), "what was asked for is not forgotten")
			b.Clock.Step(askedEvery - 3*time.Second)
			b.reconcile()
			b.G.Expect(b.scm.asked).To(HaveLen(2))
		})
	}
}
