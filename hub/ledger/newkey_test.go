package ledger

import (
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/types"
)

// claims has a new object claim a name on a commit, and returns what is to be done for it.
func (f *fleet) claims(sha, name string) Action {
	cs := testStatus()
	cs.Name, cs.UID = "later-"+name, types.UID("uid-of-"+name+sha[:1])
	cs.Spec.SHA, cs.Spec.Name = sha, name
	f.SetObject("eu", f.token["eu"], cs)
	key := testKey
	key.SHA, key.Name = sha, name
	job, _, ok := f.Job(key)
	f.g.Expect(ok).To(BeTrue())
	return plan(job.Account, job.Observation, job.Verdict.Want)
}

func TestANewNameOnACommitThatAnEarlierHubMayKnowIsLookedUp(t *testing.T) {
	f := newFleet(t)
	f.takeOver()
	f.hear("eu", testStatus())
	f.now.Step(2 * takeOverWindow)
	f.g.Expect(f.claims(testKey.SHA, "other")).To(Equal(ActFind), "somebody may have claimed it under an earlier hub")
	f.g.Expect(f.claims(strings.Repeat("d", 40), "another")).To(Equal(ActCreate), "nobody has told of that commit before")
}

func TestACommitThatAnEarlierHubMayKnowStaysOneWhenNobodyClaimsItForATime(t *testing.T) {
	f := newFleet(t)
	f.takeOver()
	f.hear("eu", testStatus())
	f.now.Step(2 * takeOverWindow)
	f.RemoveObject("eu", f.token["eu"], types.NamespacedName{Namespace: "team-a", Name: "build"}, OutOfSight)
	f.now.Step(releaseDelay)
	f.Job(testKey)
	f.g.Expect(f.commits).To(BeEmpty())
	f.g.Expect(f.claims(testKey.SHA, "other")).To(Equal(ActFind))
}

func TestANewNameUnderTheFirstHubEverIsNew(t *testing.T) {
	f := newFleet(t)
	f.started = time.Time{}
	f.Begin(Predecessor{})
	f.hear("eu", testStatus())
	f.now.Step(2 * takeOverWindow)
	f.g.Expect(f.claims(testKey.SHA, "other")).To(Equal(ActCreate))
}

// A claim that was made soon after a take-over, in a member that is cut off from the hub, is first
// seen when that is back.
func TestANewKeyOfAMemberThatWasCutOffAtTheTakeOverIsLookedUp(t *testing.T) {
	type asked struct {
		cluster, namespace string
		within             time.Duration
	}
	for name, tt := range map[string]struct {
		after  Predecessor
		led    time.Duration
		behind bool
		want   Action
		asked  []asked
	}{
		"cut off":                       {Predecessor{Led: true, Unsure: true}, 85 * time.Second, true, ActFind, []asked{{"eu", "team-a", 85 * time.Second}}},
		"never cut off":                 {Predecessor{Led: true, Unsure: true}, 85 * time.Second, false, ActCreate, []asked{{"eu", "team-a", 85 * time.Second}}},
		"before it has to have said so": {Predecessor{Led: true, Unsure: true}, 65 * time.Second, false, ActCreate, []asked{{"eu", "team-a", 70 * time.Second}}},
		"no predecessor":                {Predecessor{}, 85 * time.Second, true, ActCreate, nil},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFleet(t)
			f.started = time.Time{}
			f.hear("eu")
			f.Begin(tt.after)
			var questions []asked
			f.behind = func(cluster, namespace string, within time.Duration) bool {
				questions = append(questions, asked{cluster, namespace, within})
				return tt.behind
			}
			f.now.Step(tt.led)
			f.g.Expect(f.claims(strings.Repeat("d", 40), "build")).To(Equal(tt.want))
			f.g.Expect(questions).To(Equal(tt.asked))
		})
	}
}
