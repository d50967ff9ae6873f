package ledger_test

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger/ledgertest"
	"github.com/argoproj-labs/commit-status-hub/providers"
	"github.com/argoproj-labs/commit-status-hub/ratelimit"
)

const testLane = "github.com/app/12345/installation/678"

// notify tells the fleet's ledger that the test key waits.
func (f *fleet) notify(wait time.Duration) ledger.Changes {
	return f.Waiting([]ratelimit.Notice[ledger.Key]{{Item: ledgertest.Key, Lane: testLane, Wait: wait}})
}

func (f *fleet) notifyDown() ledger.Changes {
	return f.Waiting([]ratelimit.Notice[ledger.Key]{{Item: ledgertest.Key, Lane: testLane, Down: true}})
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
		NewWithT(t).Expect(ledger.About(wait)).To(Equal(want), wait.String())
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
		host, with := ledger.PlaceOf(lane)
		NewWithT(t).Expect([2]string{host, with}).To(Equal(want), lane)
	}
}

func TestAWaitIsToldToEveryClaimantOfItsKey(t *testing.T) {
	f := newFleet(t)
	f.Hear("eu", ledgertest.CommitStatus(ledgertest.CreatedAt(1)))
	f.Hear("us", ledgertest.CommitStatus(ledgertest.CreatedAt(2)))
	f.Hear("ap", ledgertest.CommitStatus(ledgertest.CreatedAt(3), ledgertest.Wants("failure")))
	f.G.Expect(f.notify(3 * time.Minute).Objects).To(ConsistOf(ledgertest.ID("eu"), ledgertest.ID("us"), ledgertest.ID("ap")))
	for _, cluster := range []string{"eu", "us", "ap"} {
		status := f.Published(cluster)
		ready := ledgertest.ReadyOf(status)
		f.G.Expect(ready.Status).To(Equal(metav1.ConditionUnknown), cluster)
		f.G.Expect(ready.Reason).To(Equal(v1alpha1.ReasonPending), cluster)
		f.G.Expect(ready.Message).To(Equal("waiting for github.com installation 678, about 3 min"))
		f.G.Expect(status.IsSynced).To(BeFalse())
		f.G.Expect(status.Phase).To(BeEmpty(), "the SCM shows nothing yet")
	}
	f.Hear("sa", ledgertest.CommitStatus(ledgertest.CreatedAt(4)))
	f.G.Expect(ledgertest.ReadyOf(f.Published("sa")).Reason).To(Equal(v1alpha1.ReasonPending), "who joins waits too")
}

func TestAStatusThatWaitsShowsWhatTheSCMShows(t *testing.T) {
	f := newFleet(t)
	f.Hear("eu", ledgertest.CommitStatus())
	f.Showed(ledgertest.Key, f.Claimed(), ledgertest.Shows("queued"), true)
	f.Published("eu")
	f.SetObject("eu", f.Token["eu"], ledgertest.CommitStatus(ledgertest.Wants("success"), func(cs *v1alpha1.CommitStatus) { cs.Generation = 2 }))
	f.notify(3 * time.Minute)
	status := f.Published("eu")
	f.G.Expect(ledgertest.ReadyOf(status).Reason).To(Equal(v1alpha1.ReasonPending))
	f.G.Expect(status.Phase).To(Equal(v1alpha1.PhaseQueued))
	f.G.Expect(status.Provider.GitHub.CheckRunID).To(BeEquivalentTo(4711))
	f.G.Expect(status.ObservedGeneration).To(BeEquivalentTo(2))
}

func TestAWaitIsPatchedOncePerNotice(t *testing.T) {
	f := newFleet(t)
	f.Hear("eu", ledgertest.CommitStatus())
	f.notify(3 * time.Minute)
	f.G.Expect(f.Published("eu")).NotTo(BeNil())
	f.Clock.Step(2 * time.Minute)
	f.G.Expect(f.Published("eu")).To(BeNil(), "the message stays until the next notice")
	f.G.Expect(f.notify(3*time.Minute)).To(Equal(ledger.Changes{}), "nothing new")
	f.G.Expect(f.notify(25 * time.Minute).Objects).To(ConsistOf(ledgertest.ID("eu")))
	f.G.Expect(ledgertest.ReadyOf(f.Published("eu")).Message).To(HaveSuffix("about 25 min"))
}

func TestAWaitEnds(t *testing.T) {
	for name, c := range map[string]struct {
		by     func(*fleet)
		reason string
	}{
		"when the key is written":                      {func(f *fleet) { f.Showed(ledgertest.Key, f.Claimed(), ledgertest.Shows("queued"), true) }, v1alpha1.ReasonSynced},
		"when it is found":                             {func(f *fleet) { f.Showed(ledgertest.Key, f.Claimed(), ledgertest.Shows("queued"), false) }, v1alpha1.ReasonSynced},
		"when something else is found, without a word": {func(f *fleet) { f.Showed(ledgertest.Key, f.Claimed(), ledgertest.Shows("failure"), false) }, ""},
		"when it is settled":                           {func(f *fleet) { f.Settled(ledgertest.Key, f.Claimed()) }, ""},
		"when it fails": {func(f *fleet) {
			f.Failed(ledgertest.Key, f.Claimed(), f.Clock.Now(), providers.Errorf(v1alpha1.ReasonCommitNotFound, "no such commit"))
		}, v1alpha1.ReasonCommitNotFound},
		"when the spec changes, without a word": {func(f *fleet) {
			f.SetObject("eu", f.Token["eu"], ledgertest.CommitStatus(ledgertest.Wants("success")))
		}, ""},
		"when the credential changes, without a word": {func(f *fleet) { f.SetScmProvider("acme", ledgertest.ScmProvider(ledgertest.AllowAll())) }, ""},
		"when the grant is withdrawn":                 {func(f *fleet) { f.SetScmProvider("acme", ledgertest.ScmProvider()) }, v1alpha1.ReasonDenied},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFleet(t)
			f.Hear("eu", ledgertest.CommitStatus())
			f.notify(3 * time.Minute)
			c.by(f)
			f.G.Expect(ledgertest.ReadyOf(f.Published("eu")).Reason).To(Equal(c.reason))
		})
	}
}

func TestAnEndedWaitIsForgotten(t *testing.T) {
	for name, end := range map[string]func(*fleet){
		"written": func(f *fleet) { f.Showed(ledgertest.Key, f.Claimed(), ledgertest.Shows("queued"), true) },
		"settled": func(f *fleet) { f.Settled(ledgertest.Key, f.Claimed()) },
		"failed": func(f *fleet) {
			f.Failed(ledgertest.Key, f.Claimed(), f.Clock.Now(), providers.Errorf(v1alpha1.ReasonUnavailable, "HTTP 502"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFleet(t)
			f.Hear("eu", ledgertest.CommitStatus())
			f.notify(3 * time.Minute)
			f.G.Expect(f.IsPending(ledgertest.Key)).To(BeTrue())
			end(f)
			f.G.Expect(f.IsPending(ledgertest.Key)).To(BeFalse())
		})
	}
}

func TestALateNoticeTellsNothing(t *testing.T) {
	f := newFleet(t)
	f.G.Expect(f.notify(3*time.Minute)).To(Equal(ledger.Changes{}), "nobody claims the key")
	f.Tell("eu", ledgertest.CommitStatus())
	f.G.Expect(f.notify(3*time.Minute)).To(Equal(ledger.Changes{}), "no claim on it counts")
	f.Synced("eu", f.Token["eu"])
	f.Showed(ledgertest.Key, f.Claimed(), ledgertest.Shows("queued"), true)
	f.G.Expect(f.notify(3*time.Minute)).To(Equal(ledger.Changes{}), "it shows what it should")
	f.G.Expect(ledgertest.ReadyOf(f.Published("eu")).Reason).To(Equal(v1alpha1.ReasonSynced))
}

func TestAnSCMThatDoesNotAnswerIsUnavailable(t *testing.T) {
	f := newFleet(t)
	f.Hear("eu", ledgertest.CommitStatus())
	f.notify(3 * time.Minute)
	f.Published("eu")
	f.G.Expect(f.notifyDown().Objects).To(ConsistOf(ledgertest.ID("eu")))
	ready := ledgertest.ReadyOf(f.Published("eu"))
	f.G.Expect(ready.Status).To(Equal(metav1.ConditionFalse))
	f.G.Expect(ready.Reason).To(Equal(v1alpha1.ReasonUnavailable))
	f.G.Expect(ready.Message).To(Equal("github.com does not answer; waiting for it with installation 678"))
	f.G.Expect(f.notifyDown()).To(Equal(ledger.Changes{}))
	f.notify(12 * time.Minute)
	f.G.Expect(ledgertest.ReadyOf(f.Published("eu")).Reason).To(Equal(v1alpha1.ReasonPending), "it answers again")
}

func TestAFailureOfTheKeysOwnIsToldRatherThanAWait(t *testing.T) {
	f := newFleet(t)
	f.Hear("eu", ledgertest.CommitStatus())
	f.Failed(ledgertest.Key, f.Claimed(), f.Clock.Now(), providers.Errorf(v1alpha1.ReasonUnavailable, "github.com answered 502"))
	f.G.Expect(f.notifyDown()).To(Equal(ledger.Changes{}))
	f.G.Expect(f.notify(3 * time.Minute)).To(Equal(ledger.Changes{}))
	f.G.Expect(ledgertest.ReadyOf(f.Published("eu")).Message).To(Equal("github.com answered 502"))
}

func TestALostAnswerLeavesTheStatusOpen(t *testing.T) {
	f := newFleet(t)
	f.Hear("eu", ledgertest.CommitStatus())
	f.Showed(ledgertest.Key, f.Claimed(), ledgertest.Shows("queued"), true)
	f.Published("eu")
	f.SetObject("eu", f.Token["eu"], ledgertest.CommitStatus(ledgertest.Wants("success")))
	f.Failed(ledgertest.Key, f.Claimed(), f.Clock.Now(), &providers.Error{Reason: v1alpha1.ReasonUnavailable, Message: "timeout", Unknown: true})
	f.SetObject("eu", f.Token["eu"], ledgertest.CommitStatus(ledgertest.Wants("queued")))
	f.G.Expect(f.Published("eu")).To(BeNil(), "success may be shown by now")
	f.notify(3 * time.Minute)
	f.G.Expect(ledgertest.ReadyOf(f.Published("eu")).Reason).To(Equal(v1alpha1.ReasonPending))
}

func TestATakeOverKeepsWhatItsPredecessorSaidOfAWait(t *testing.T) {
	f := newFleet(t)
	f.Hear("eu", ledgertest.CommitStatus())
	f.notify(3 * time.Minute)
	waiting := f.Published("eu")

	successor := newStandby(t)
	successor.TakeOver()
	successor.Hear("eu", ledgertest.CommitStatus(ledgertest.Told(*waiting)))
	successor.G.Expect(successor.Published("eu")).To(BeNil(), "it does not know better yet")
	job := successor.Claimed()
	successor.G.Expect(job.Plan()).To(Equal(ledger.ActFind), "a wait proves nothing about the SCM")
	successor.Showed(ledgertest.Key, job, ledgertest.Shows("queued"), true)
	successor.G.Expect(ledgertest.ReadyOf(successor.Published("eu")).Reason).To(Equal(v1alpha1.ReasonSynced))
}
