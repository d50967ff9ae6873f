package ledger_test

import (
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/types"

	"github.com/argoproj-labs/commit-status-hub/hub/ledger"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger/ledgertest"
)

// claims has a new object claim a name on a commit, and returns what is to be done for it.
func (f *fleet) claims(sha, name string) ledger.Action {
	cs := ledgertest.CommitStatus()
	cs.Name, cs.UID = "later-"+name, types.UID("uid-of-"+name+sha[:1])
	cs.Spec.SHA, cs.Spec.Name = sha, name
	f.SetObject("eu", f.Token["eu"], cs)
	key := ledgertest.Key
	key.SHA, key.Name = sha, name
	job, _, ok := f.Job(key)
	f.G.Expect(ok).To(BeTrue())
	return job.Plan()
}

func TestANewNameOnACommitThatAnEarlierHubMayKnowIsLookedUp(t *testing.T) {
	f := newStandby(t)
	f.TakeOver()
	f.Hear("eu", ledgertest.CommitStatus())
	f.Clock.Step(2 * ledger.TakeOverWindow)
	f.G.Expect(f.claims(ledgertest.Key.SHA, "other")).To(Equal(ledger.ActFind), "somebody may have claimed it under an earlier hub")
	f.G.Expect(f.claims(strings.Repeat("d", 40), "another")).To(Equal(ledger.ActCreate), "nobody has told of that commit before")
}

func TestACommitThatAnEarlierHubMayKnowStaysOneWhenNobodyClaimsItForATime(t *testing.T) {
	f := newStandby(t)
	f.TakeOver()
	f.Hear("eu", ledgertest.CommitStatus())
	f.Clock.Step(2 * ledger.TakeOverWindow)
	f.RemoveObject("eu", f.Token["eu"], types.NamespacedName{Namespace: "team-a", Name: "build"}, ledger.OutOfSight)
	f.Clock.Step(ledger.ReleaseDelay)
	f.Job(ledgertest.Key)
	f.G.Expect(f.Commits()).To(BeZero())
	f.G.Expect(f.claims(ledgertest.Key.SHA, "other")).To(Equal(ledger.ActFind))
}

func TestANewNameUnderTheFirstHubEverIsNew(t *testing.T) {
	f := newStandby(t)
	f.Begin(ledger.Predecessor{})
	f.Hear("eu", ledgertest.CommitStatus())
	f.Clock.Step(2 * ledger.TakeOverWindow)
	f.G.Expect(f.claims(ledgertest.Key.SHA, "other")).To(Equal(ledger.ActCreate))
}

// A claim that was made soon after a take-over, in a member that is cut off from the hub, is first
// seen when that is back.
func TestANewKeyOfAMemberThatWasCutOffAtTheTakeOverIsLookedUp(t *testing.T) {
	type asked struct {
		cluster, namespace string
		within             time.Duration
	}
	for name, tt := range map[string]struct {
		after  ledger.Predecessor
		led    time.Duration
		behind bool
		want   ledger.Action
		asked  []asked
	}{
		"cut off":                       {ledger.Predecessor{Led: true, Unsure: true}, 85 * time.Second, true, ledger.ActFind, []asked{{"eu", "team-a", 85 * time.Second}}},
		"never cut off":                 {ledger.Predecessor{Led: true, Unsure: true}, 85 * time.Second, false, ledger.ActCreate, []asked{{"eu", "team-a", 85 * time.Second}}},
		"before it has to have said so": {ledger.Predecessor{Led: true, Unsure: true}, 65 * time.Second, false, ledger.ActCreate, []asked{{"eu", "team-a", 70 * time.Second}}},
		"no predecessor":                {ledger.Predecessor{}, 85 * time.Second, true, ledger.ActCreate, nil},
	} {
		t.Run(name, func(t *testing.T) {
			f := newStandby(t)
			f.Hear("eu")
			f.Begin(tt.after)
			var questions []asked
			f.Behind = func(cluster, namespace string, within time.Duration) bool {
				questions = append(questions, asked{cluster, namespace, within})
				return tt.behind
			}
			f.Clock.Step(tt.led)
			f.G.Expect(f.claims(strings.Repeat("d", 40), "build")).To(Equal(tt.want))
			f.G.Expect(questions).To(Equal(tt.asked))
		})
	}
}
