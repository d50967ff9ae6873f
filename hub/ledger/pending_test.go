package ledger

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
	"github.com/argoproj-labs/commit-status-hub/ratelimit"
)

const testLane = "github.com/app/12345/installation/678"

// notify tells the fleet's ledger that the test key waits.
func (f *fleet) notify(wait time.Duration) Changes {
	return f.Waiting([]ratelimit.Notice[Key]{{Item: testKey, Lane: testLane, Wait: wait}})
}

func (f *fleet) notifyDown() Changes {
	return f.Waiting([]ratelimit.Notice[Key]{{Item: testKey, Lane: testLane, Down: true}})
}

func TestAWaitIsToldAsCoarselyAsItIsKnown(t *testing.T) {
	for wait, want := range map[time.Duration]string{
		0:                              "about 1 min",
		31 * time.Second:               "about 1 min",
		3*time.Minute + 20*time.Second: "about 3 min",
		9*time.Minute + 50*time.Second: "about 10 min",
		12 * time.Minute:               "about 10 min",
		23 * time.Minute:               "about 25 min",
		57 * time.Minute:               "about 55 min",
		58 * time.Minute:               "about 1 h",
		80 * time.Minute:               "about 1 h",
		100 * time.Minute:              "about 2 h",
	} {
		NewWithT(t).Expect(about(wait)).To(Equal(want), wait.String())
	}
}

func TestALaneIsToldInWords(t *testing.T) {
	for lane, want := range map[string][2]string{
		"github.com/app/12345/installation/678":        {"github.com", "installation 678"},
		"github.com/app/12345":                         {"github.com", "app 12345"},
		"ghe.example.com:8443/app/1/installation/2":    {"ghe.example.com:8443", "installation 2"},
		"gitlab.com/user/12":                           {"gitlab.com", "user/12"},
		"example.com/ghe/app/1/installation/2":         {"example.com/ghe", "installation 2"},
		"example.com/git/a/secret/x":                   {"example.com/git/a", "secret/x"},
		"api.bitbucket.org/5a1f":                       {"api.bitbucket.org", "5a1f"},
		"gitea.example.com/app/1/installation/2/other": {"gitea.example.com", "app/1/installation/2/other"},
	} {
		host, with := placeOf(lane)
		NewWithT(t).Expect([2]string{host, with}).To(Equal(want), lane)
	}
}

func TestAWaitIsToldToEveryClaimantOfItsKey(t *testing.T) {
	f := newFleet(t)
	f.hear("eu", testStatus(createdAt(1)))
	f.hear("us", testStatus(createdAt(2)))
	f.hear("ap", testStatus(createdAt(3), wants("failure")))
	f.g.Expect(f.notify(3 * time.Minute).Objects).To(ConsistOf(idIn("eu"), idIn("us"), idIn("ap")))
	for _, cluster := range []string{"eu", "us", "ap"} {
		status := f.published(cluster)
		ready := readyOf(status)
		f.g.Expect(ready.Status).To(Equal(metav1.ConditionUnknown), cluster)
		f.g.Expect(ready.Reason).To(Equal(v1alpha1.ReasonPending), cluster)
		f.g.Expect(ready.Message).To(Equal("waiting for github.com installation 678, about 3 min"))
		f.g.Expect(status.IsSynced).To(BeFalse())
		f.g.Expect(status.Phase).To(BeEmpty(), "the SCM shows nothing yet")
	}
	f.hear("sa", testStatus(createdAt(4)))
	f.g.Expect(readyOf(f.published("sa")).Reason).To(Equal(v1alpha1.ReasonPending), "who joins waits too")
}

func TestAStatusThatWaitsShowsWhatTheSCMShows(t *testing.T) {
	f := newFleet(t)
	f.hear("eu", testStatus())
	f.Showed(testKey, f.job(), shows("queued"), true)
	f.published("eu")
	f.SetObject("eu", f.token["eu"], testStatus(wants("success"), func(cs *v1alpha1.CommitStatus) { cs.Generation = 2 }))
	f.notify(3 * time.Minute)
	status := f.published("eu")
	f.g.Expect(readyOf(status).Reason).To(Equal(v1alpha1.ReasonPending))
	f.g.Expect(status.Phase).To(Equal(v1alpha1.PhaseQueued))
	f.g.Expect(status.Provider.GitHub.CheckRunID).To(BeEquivalentTo(4711))
	f.g.Expect(status.ObservedGeneration).To(BeEquivalentTo(2))
}

func TestAWaitIsPatchedOncePerNotice(t *testing.T) {
	f := newFleet(t)
	f.hear("eu", testStatus())
	f.notify(3 * time.Minute)
	f.g.Expect(f.published("eu")).NotTo(BeNil())
	f.now.Step(2 * time.Minute)
	f.g.Expect(f.published("eu")).To(BeNil(), "the message stays until the next notice")
	f.g.Expect(f.notify(3*time.Minute)).To(Equal(Changes{}), "nothing new")
	f.g.Expect(f.notify(25 * time.Minute).Objects).To(ConsistOf(idIn("eu")))
	f.g.Expect(readyOf(f.published("eu")).Message).To(HaveSuffix("about 25 min"))
}

func TestAWaitEnds(t *testing.T) {
	for name, c := range map[string]struct {
		by     func(*fleet)
		reason string
	}{
		"when the key is written":                      {func(f *fleet) { f.Showed(testKey, f.job(), shows("queued"), true) }, v1alpha1.ReasonSynced},
		"when it is found":                             {func(f *fleet) { f.Showed(testKey, f.job(), shows("queued"), false) }, v1alpha1.ReasonSynced},
		"when something else is found, without a word": {func(f *fleet) { f.Showed(testKey, f.job(), shows("failure"), false) }, ""},
		"when it is settled":                           {func(f *fleet) { f.Settled(testKey, f.job()) }, ""},
		"when it fails": {func(f *fleet) {
			f.Failed(testKey, f.job(), f.now.Now(), providers.Errorf(v1alpha1.ReasonCommitNotFound, "no such commit"))
		}, v1alpha1.ReasonCommitNotFound},
		"when the spec changes, without a word": {func(f *fleet) {
			f.SetObject("eu", f.token["eu"], testStatus(wants("success")))
		}, ""},
		"when the credential changes, without a word": {func(f *fleet) { f.SetScmProvider("acme", testSCM(allowAll())) }, ""},
		"when the grant is withdrawn":                 {func(f *fleet) { f.SetScmProvider("acme", testSCM()) }, v1alpha1.ReasonDenied},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFleet(t)
			f.hear("eu", testStatus())
			f.notify(3 * time.Minute)
			c.by(f)
			f.g.Expect(readyOf(f.published("eu")).Reason).To(Equal(c.reason))
		})
	}
}

func TestAnEndedWaitIsForgotten(t *testing.T) {
	for name, end := range map[string]func(*fleet){
		"written": func(f *fleet) { f.Showed(testKey, f.job(), shows("queued"), true) },
		"settled": func(f *fleet) { f.Settled(testKey, f.job()) },
		"failed": func(f *fleet) {
			f.Failed(testKey, f.job(), f.now.Now(), providers.Errorf(v1alpha1.ReasonUnavailable, "HTTP 502"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFleet(t)
			f.hear("eu", testStatus())
			f.notify(3 * time.Minute)
			f.g.Expect(f.entryOf(testKey).readDetails().pending).NotTo(BeNil())
			end(f)
			f.g.Expect(f.entryOf(testKey).readDetails().pending).To(BeNil())
		})
	}
}

func TestALateNoticeTellsNothing(t *testing.T) {
	f := newFleet(t)
	f.g.Expect(f.notify(3*time.Minute)).To(Equal(Changes{}), "nobody claims the key")
	f.tell("eu", testStatus())
	f.g.Expect(f.notify(3*time.Minute)).To(Equal(Changes{}), "no claim on it counts")
	f.Synced("eu", f.token["eu"])
	f.Showed(testKey, f.job(), shows("queued"), true)
	f.g.Expect(f.notify(3*time.Minute)).To(Equal(Changes{}), "it shows what it should")
	f.g.Expect(readyOf(f.published("eu")).Reason).To(Equal(v1alpha1.ReasonSynced))
}

func TestAnSCMThatDoesNotAnswerIsUnavailable(t *testing.T) {
	f := newFleet(t)
	f.hear("eu", testStatus())
	f.notify(3 * time.Minute)
	f.published("eu")
	f.g.Expect(f.notifyDown().Objects).To(ConsistOf(idIn("eu")))
	ready := readyOf(f.published("eu"))
	f.g.Expect(ready.Status).To(Equal(metav1.ConditionFalse))
	f.g.Expect(ready.Reason).To(Equal(v1alpha1.ReasonUnavailable))
	f.g.Expect(ready.Message).To(Equal("github.com does not answer; waiting for it with installation 678"))
	f.g.Expect(f.notifyDown()).To(Equal(Changes{}))
	f.notify(12 * time.Minute)
	f.g.Expect(readyOf(f.published("eu")).Reason).To(Equal(v1alpha1.ReasonPending), "it answers again")
}

func TestAFailureOfTheKeysOwnIsToldRatherThanAWait(t *testing.T) {
	f := newFleet(t)
	f.hear("eu", testStatus())
	f.Failed(testKey, f.job(), f.now.Now(), providers.Errorf(v1alpha1.ReasonUnavailable, "github.com answered 502"))
	f.g.Expect(f.notifyDown()).To(Equal(Changes{}))
	f.g.Expect(f.notify(3 * time.Minute)).To(Equal(Changes{}))
	f.g.Expect(readyOf(f.published("eu")).Message).To(Equal("github.com answered 502"))
}

func TestALostAnswerLeavesTheStatusOpen(t *testing.T) {
	f := newFleet(t)
	f.hear("eu", testStatus())
	f.Showed(testKey, f.job(), shows("queued"), true)
	f.published("eu")
	f.SetObject("eu", f.token["eu"], testStatus(wants("success")))
	f.Failed(testKey, f.job(), f.now.Now(), &providers.Error{Reason: v1alpha1.ReasonUnavailable, Message: "timeout", Unknown: true})
	f.SetObject("eu", f.token["eu"], testStatus(wants("queued")))
	f.g.Expect(f.published("eu")).To(BeNil(), "success may be shown by now")
	f.notify(3 * time.Minute)
	f.g.Expect(readyOf(f.published("eu")).Reason).To(Equal(v1alpha1.ReasonPending))
}

func TestATakeOverKeepsWhatItsPredecessorSaidOfAWait(t *testing.T) {
	f := newFleet(t)
	f.hear("eu", testStatus())
	f.notify(3 * time.Minute)
	waiting := f.published("eu")

	successor := newFleet(t)
	successor.takeOver()
	successor.hear("eu", testStatus(told(*waiting)))
	successor.g.Expect(successor.published("eu")).To(BeNil(), "it does not know better yet")
	job := successor.job()
	successor.g.Expect(plan(job.Account, job.Observation, job.Verdict.Want)).To(Equal(ActFind), "a wait proves nothing about the SCM")
	successor.Showed(testKey, job, shows("queued"), true)
	successor.g.Expect(readyOf(successor.published("eu")).Reason).To(Equal(v1alpha1.ReasonSynced))
}
