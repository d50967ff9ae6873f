package ledger_test

import (
	"strings"
	"testing"
	"unsafe"

	. "github.com/onsi/gomega"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger/ledgertest"
	"github.com/argoproj-labs/commit-status-hub/providers"
)

// describedBy gives a spec a description of so many bytes.
func describedBy(letter string, bytes int) func(*v1alpha1.CommitStatus) {
	return func(cs *v1alpha1.CommitStatus) { cs.Spec.Description = strings.Repeat(letter, bytes) }
}

// unclaimable makes a spec one that claims nothing.
func unclaimable(cs *v1alpha1.CommitStatus) { cs.Spec.SHA = "none" }

func TestLedgerRetained_CountsTheLastClaimOfASpecThatClaimsNothing(t *testing.T) {
	const size = 10_000
	for name, tt := range map[string]struct {
		next     []func(*v1alpha1.CommitStatus)
		from, to int
	}{
		"a spec that claims":                {[]func(*v1alpha1.CommitStatus){describedBy("b", size)}, 0, 0},
		"none, with another text":           {[]func(*v1alpha1.CommitStatus){describedBy("b", size), unclaimable}, size, size + 100},
		"none, with another text of a size": {[]func(*v1alpha1.CommitStatus){describedBy("b", 10), unclaimable}, size, size + 100},
		"none, with the same text":          {[]func(*v1alpha1.CommitStatus){describedBy("a", size), unclaimable}, 1, 100},
		"another object of that name":       {[]func(*v1alpha1.CommitStatus){describedBy("b", size), unclaimable, ledgertest.WithUID("another")}, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFleet(t)
			f.Hear("eu", ledgertest.CommitStatus(describedBy("a", size)))
			next := ledgertest.CommitStatus(tt.next...)
			f.G.Expect(f.Retained("eu", next)).To(BeZero())
			f.SetObject("eu", f.Token["eu"], next)
			f.G.Expect(f.Retained("eu", next)).To(And(BeNumerically(">=", tt.from), BeNumerically("<=", tt.to)))
			f.SetObject("eu", f.Token["eu"], ledgertest.CommitStatus(describedBy("c", size), ledgertest.WithUID(next.UID)))
			f.G.Expect(f.Retained("eu", next)).To(BeZero(), "it claims again")
		})
	}
}

func TestLedgerRetained_CountsPlacesThatAreToBeEnded(t *testing.T) {
	f := newFleet(t)
	f.Hear("eu", ledgertest.CommitStatus(ledgertest.Wants("in_progress")))
	f.show()
	f.SetObject("eu", f.Token["eu"], ledgertest.CommitStatus(describedBy("a", 10_000), ledgertest.Wants("success")))
	f.SetObject("eu", f.Token["eu"], ledgertest.CommitStatus(describedBy("b", 10_000), ledgertest.On(ledgertest.OtherSHA)))
	f.G.Expect(f.Retained("eu", ledgertest.CommitStatus())).To(Equal(ledger.PlaceSize+10_000), "the outcome that was declared there")
	f.SetObject("eu", f.Token["eu"], ledgertest.CommitStatus(describedBy("c", 10), ledgertest.On(ledgertest.OtherSHA)))
	f.G.Expect(f.Retained("eu", ledgertest.CommitStatus())).To(Equal(ledger.PlaceSize+10_000), "no version of the object")
	f.Clock.Step(2 * ledger.AbandonmentTTL)
	f.Job(ledgertest.Key)
	f.G.Expect(f.Retained("eu", ledgertest.CommitStatus())).To(BeZero(), "they are given up")
}

// A member's user forges a long status, which nobody asks the SCM about, and takes it away again.
func TestLedgerRetained_CountsWhatIsShownAndNoVersionHas(t *testing.T) {
	f := newFleet(t)
	long := strings.Repeat("a", 10_000)
	forged := ledgertest.StatusWith("success", 7)
	forged.Description = long
	f.Hear("eu", ledgertest.CommitStatus(describedBy("a", 10_000), ledgertest.Told(forged)))
	f.G.Expect(f.Claimed().Observation.Shown.Description).To(Equal(long))
	f.G.Expect(f.Retained("eu", ledgertest.CommitStatus())).To(BeZero(), "the object has it")
	f.SetObject("eu", f.Token["eu"], ledgertest.CommitStatus())
	f.G.Expect(f.Claimed().Observation.Shown.Description).To(Equal(long))
	f.G.Expect(f.Retained("eu", ledgertest.CommitStatus())).To(Equal(10_000))
	f.Showed(ledgertest.Key, f.Claimed(), ledgertest.Shows("success"), true)
	f.G.Expect(f.Retained("eu", ledgertest.CommitStatus())).To(BeZero())
}

// What an SCM says is shown is another copy of what a status has.
func TestLedgerAdopt_SharesWhatIsShownWithTheStatusThatHasIt(t *testing.T) {
	f := newFleet(t)
	f.Hear("eu", ledgertest.CommitStatus())
	shown := ledgertest.Shows("success")
	shown.Description = strings.Repeat("b", 10_000)
	f.Showed(ledgertest.Key, f.Claimed(), shown, true)
	next := ledgertest.CommitStatus(ledgertest.Told(ledgertest.StatusWith("success", 4711)), func(cs *v1alpha1.CommitStatus) { cs.Status.Description = strings.Clone(shown.Description) })
	f.SetObject("eu", f.Token["eu"], next)
	f.G.Expect(unsafe.StringData(f.Entry(ledgertest.Key).Shown.Description)).To(BeIdenticalTo(unsafe.StringData(next.Status.Description)))
}

func TestLedgerRetained_CountsWhatWasTriedForItsOwnerAlone(t *testing.T) {
	f := newFleet(t)
	f.Hear("eu", ledgertest.CommitStatus(describedBy("a", 10_000)))
	f.Hear("us", ledgertest.CommitStatus(ledgertest.CreatedAt(2000), ledgertest.Wants("failure")))
	f.Failed(ledgertest.Key, f.Claimed(), f.Clock.Now(), providers.Errorf(v1alpha1.ReasonRepoNotFound, "no such repository"))
	f.G.Expect(f.Retained("eu", ledgertest.CommitStatus())).To(BeZero(), "the object has it")
	f.SetObject("eu", f.Token["eu"], ledgertest.CommitStatus())
	f.G.Expect(f.Retained("eu", ledgertest.CommitStatus())).To(Equal(10_000))
	f.G.Expect(f.Retained("us", ledgertest.CommitStatus())).To(BeZero(), "it is another cluster's text")
}

func TestLedgerRetained_IsNothingOfWhatIsNotThere(t *testing.T) {
	f := newFleet(t)
	f.Hear("eu", ledgertest.CommitStatus())
	f.G.Expect(f.Retained("us", ledgertest.CommitStatus())).To(BeZero())
	f.G.Expect(f.Retained("eu", ledgertest.CommitStatus(ledgertest.Named("other")))).To(BeZero())
	f.G.Expect(f.Retained("eu", ledgertest.GitRepo())).To(BeZero())
}

// A ScmProvider that is deleted has each status say so, by another version of its object.
func TestLedgerRetained_SharesTheTextsOfAClaimWithThoseOfItsObject(t *testing.T) {
	f := newFleet(t)
	f.Hear("eu", ledgertest.CommitStatus(describedBy("a", 10_000)))
	f.SetScmProvider("acme", nil)
	next := ledgertest.CommitStatus(describedBy("a", 10_000), func(cs *v1alpha1.CommitStatus) { cs.ResourceVersion = "43" })
	f.SetObject("eu", f.Token["eu"], next)
	f.G.Expect(f.Retained("eu", next)).To(BeNumerically("<", 10), "the resource version")
	claimed := f.LastClaimed(ledgertest.ID("eu"))
	f.G.Expect(claimed).NotTo(BeIdenticalTo(next))
	f.G.Expect(unsafe.StringData(claimed.Spec.Description)).To(BeIdenticalTo(unsafe.StringData(next.Spec.Description)))
}

func TestWhatIsShownTakesNoMemoryOfItsOwn(t *testing.T) {
	f := newFleet(t)
	text := strings.Repeat("Hydrated ", 30)
	f.Hear("eu", ledgertest.CommitStatus(func(cs *v1alpha1.CommitStatus) { cs.Spec.Description = text }))
	f.Showed(ledgertest.Key, f.Claimed(), &providers.Shown{Status: providers.Status{Phase: v1alpha1.PhaseQueued, Description: strings.Clone(text)}}, true)
	again := ledgertest.CommitStatus(func(cs *v1alpha1.CommitStatus) { cs.Spec.Description = strings.Clone(text) })
	f.SetObject("eu", f.Token["eu"], again)
	shown := f.Entry(ledgertest.Key).Shown.Description
	f.G.Expect(shown).To(Equal(text))
	f.G.Expect(unsafe.StringData(shown)).To(BeIdenticalTo(unsafe.StringData(again.Spec.Description)))
}
