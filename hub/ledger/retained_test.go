package ledger

import (
	"strings"
	"testing"
	"unsafe"

	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/types"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
)

// named gives an object and its status a name of their own.
func named(name string) func(*v1alpha1.CommitStatus) {
	return func(cs *v1alpha1.CommitStatus) {
		cs.Name, cs.UID, cs.Spec.Name = name, types.UID(name+"-uid"), name
	}
}

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
		"another object of that name":       {[]func(*v1alpha1.CommitStatus){describedBy("b", size), unclaimable, withUID("another")}, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFleet(t)
			f.hear("eu", testStatus(describedBy("a", size)))
			next := testStatus(tt.next...)
			f.g.Expect(f.Retained("eu", next)).To(BeZero())
			f.SetObject("eu", f.token["eu"], next)
			f.g.Expect(f.Retained("eu", next)).To(And(BeNumerically(">=", tt.from), BeNumerically("<=", tt.to)))
			f.SetObject("eu", f.token["eu"], testStatus(describedBy("c", size), withUID(next.UID)))
			f.g.Expect(f.Retained("eu", next)).To(BeZero(), "it claims again")
		})
	}
}

func TestLedgerRetained_CountsPlacesThatAreToBeEnded(t *testing.T) {
	f := newFleet(t)
	f.hear("eu", testStatus(wants("in_progress")))
	f.show()
	f.SetObject("eu", f.token["eu"], testStatus(describedBy("a", 10_000), wants("success")))
	f.SetObject("eu", f.token["eu"], testStatus(describedBy("b", 10_000), on(movedSHA)))
	f.g.Expect(f.Retained("eu", testStatus())).To(Equal(placeSize+10_000), "the outcome that was declared there")
	f.SetObject("eu", f.token["eu"], testStatus(describedBy("c", 10), on(movedSHA)))
	f.g.Expect(f.Retained("eu", testStatus())).To(Equal(placeSize+10_000), "no version of the object")
	f.now.Step(2 * abandonmentTTL)
	f.Job(testKey)
	f.g.Expect(f.Retained("eu", testStatus())).To(BeZero(), "they are given up")
}

// A member's user forges a long status, which nobody asks the SCM about, and takes it away again.
func TestLedgerRetained_CountsWhatIsShownAndNoVersionHas(t *testing.T) {
	f := newFleet(t)
	long := strings.Repeat("a", 10_000)
	forged := statusWith("success", 7)
	forged.Description = long
	f.hear("eu", testStatus(describedBy("a", 10_000), told(forged)))
	f.g.Expect(f.job().Observation.Shown.Description).To(Equal(long))
	f.g.Expect(f.Retained("eu", testStatus())).To(BeZero(), "the object has it")
	f.SetObject("eu", f.token["eu"], testStatus())
	f.g.Expect(f.job().Observation.Shown.Description).To(Equal(long))
	f.g.Expect(f.Retained("eu", testStatus())).To(Equal(10_000))
	f.Showed(testKey, f.job(), shows("success"), true)
	f.g.Expect(f.Retained("eu", testStatus())).To(BeZero())
}

// What an SCM says is shown is another copy of what a status has.
func TestLedgerAdopt_SharesWhatIsShownWithTheStatusThatHasIt(t *testing.T) {
	f := newFleet(t)
	f.hear("eu", testStatus())
	shown := shows("success")
	shown.Description = strings.Repeat("b", 10_000)
	f.Showed(testKey, f.job(), shown, true)
	next := testStatus(told(statusWith("success", 4711)), func(cs *v1alpha1.CommitStatus) { cs.Status.Description = strings.Clone(shown.Description) })
	f.SetObject("eu", f.token["eu"], next)
	f.g.Expect(unsafe.StringData(f.entryOf(testKey).Shown.Description)).To(BeIdenticalTo(unsafe.StringData(next.Status.Description)))
}

func TestLedgerRetained_CountsWhatWasTriedForItsOwnerAlone(t *testing.T) {
	f := newFleet(t)
	f.hear("eu", testStatus(describedBy("a", 10_000)))
	f.hear("us", testStatus(createdAt(2000), wants("failure")))
	f.Failed(testKey, f.job(), f.now.Now(), providers.Errorf(v1alpha1.ReasonRepoNotFound, "no such repository"))
	f.g.Expect(f.Retained("eu", testStatus())).To(BeZero(), "the object has it")
	f.SetObject("eu", f.token["eu"], testStatus())
	f.g.Expect(f.Retained("eu", testStatus())).To(Equal(10_000))
	f.g.Expect(f.Retained("us", testStatus())).To(BeZero(), "it is another cluster's text")
}

func TestLedgerRetained_IsNothingOfWhatIsNotThere(t *testing.T) {
	f := newFleet(t)
	f.hear("eu", testStatus())
	f.g.Expect(f.Retained("us", testStatus())).To(BeZero())
	f.g.Expect(f.Retained("eu", testStatus(named("other")))).To(BeZero())
	f.g.Expect(f.Retained("eu", testRepo())).To(BeZero())
}

// A ScmProvider that is deleted has each status say so, by another version of its object.
func TestLedgerRetained_SharesTheTextsOfAClaimWithThoseOfItsObject(t *testing.T) {
	f := newFleet(t)
	f.hear("eu", testStatus(describedBy("a", 10_000)))
	f.SetScmProvider("acme", nil)
	next := testStatus(describedBy("a", 10_000), func(cs *v1alpha1.CommitStatus) { cs.ResourceVersion = "43" })
	f.SetObject("eu", f.token["eu"], next)
	f.g.Expect(f.Retained("eu", next)).To(BeNumerically("<", 10), "the resource version")
	o := f.objectAt(idIn("eu"))
	f.g.Expect(o.claimed).NotTo(BeIdenticalTo(o.source))
	f.g.Expect(unsafe.StringData(o.claimed.Spec.Description)).To(BeIdenticalTo(unsafe.StringData(next.Spec.Description)))
}
