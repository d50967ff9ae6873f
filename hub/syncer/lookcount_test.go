package syncer_test

import (
	"fmt"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/types"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger/ledgertest"
	"github.com/argoproj-labs/commit-status-hub/providers"
)

// takesOver has the bench begin after a predecessor. Its SCM shows nothing.
func (b *bench) takesOver(after ledger.Predecessor) {
	b.Begin(after)
	b.scm.listed = providers.Listing{Marked: true, Statuses: map[string]providers.Listed{}}
}

// spread are objects without a status, so many on each of some commits.
func spread(commits, names int) (objects []*v1alpha1.CommitStatus, keys []ledger.Key) {
	for c := range commits {
		for n := range names {
			o := ledgertest.CommitStatus(ledgertest.Named(fmt.Sprintf("c%d-n%d", c, n)))
			o.Spec.SHA = fmt.Sprintf("%040x", c+1)
			key := keyNamed(o.Name)
			key.SHA = o.Spec.SHA
			objects, keys = append(objects, o), append(keys, key)
		}
	}
	return objects, keys
}

// workOn has workers see to all keys, again and again for a time, with some time in between.
func (b *bench) workOn(keys []ledger.Key, d, between time.Duration) {
	b.G.THelper()
	for end := b.Clock.Now().Add(d); ; b.Clock.Step(between) {
		for _, key := range keys {
			b.work(key)
		}
		if !b.Clock.Now().Before(end) {
			return
		}
	}
}

// takeOvers are all ways to take over.
var takeOvers = map[string]ledger.Predecessor{
	"clean":       {Led: true, Clean: true},
	"unpublished": {Led: true},
	"killed":      {Led: true, Unsure: true},
}

func TestTakeOver_ListsACommitOnceForFiftyMembersThatAreSyncedOneByOne(t *testing.T) {
	for name, after := range takeOvers {
		for shown, phase := range map[string]v1alpha1.Phase{"nothing": "", "what they want": "queued", "something else": "failure"} {
			t.Run(name+", shown is "+shown, func(t *testing.T) {
				b := newStandby(t)
				for m := range 50 {
					b.Members = append(b.Members, fmt.Sprint("m", m))
				}
				_, keys := spread(1, 100)
				b.takesOver(after)
				for _, key := range keys {
					if phase != "" {
						b.scm.listed.Statuses[key.Name] = providers.Listed{Shown: *ledgertest.Shows(phase), ExternalID: key.ExternalID()}
					}
				}
				for _, member := range b.Members {
					objects, _ := spread(1, 100)
					for _, o := range objects {
						o.UID = types.UID(member + "/" + o.Name)
					}
					b.Hear(member, objects...)
					b.workOn(keys, time.Second, time.Second)
				}
				b.workOn(keys, time.Minute, 5*time.Second)
				lists, finds := b.reads()
				b.G.Expect(lists).To(BeNumerically("<=", 2), "one, and one once all members are synced that may want what it found")
				b.G.Expect(finds).To(BeZero())
				writes := map[v1alpha1.Phase]int{"": 100, "queued": 0, "failure": 100}[phase]
				b.G.Expect(len(b.scm.asked)-lists).To(Equal(writes), "each key is written once, or not at all")
			})
		}
	}
}

func TestTakeOver_ListsEachCommitOnceForThousandsOfKeys(t *testing.T) {
	const commits, names = 10, 500
	for name, after := range takeOvers {
		t.Run(name, func(t *testing.T) {
			b := newStandby(t)
			b.takesOver(after)
			objects, keys := spread(commits, names)
			b.Hear("eu", objects...)
			b.workOn(keys, 20*time.Second, 5*time.Second)
			lists, finds := b.reads()
			b.G.Expect([]int{lists, finds}).To(Equal([]int{commits, 0}), "lists and look-ups")
			b.G.Expect(b.scm.asked).To(HaveLen(commits + commits*names))
		})
	}
}

// leftBehind is a bench that takes over from a hub in whose absence 100 objects moved to another
// commit, with what the SCM shows on the old one.
func leftBehind(t *testing.T, after ledger.Predecessor, shown *providers.Listed) (b *bench, keys []ledger.Key) {
	b = newStandby(t)
	b.takesOver(after)
	old := map[string]providers.Listed{}
	var objects []*v1alpha1.CommitStatus
	for i := range 100 {
		name := fmt.Sprint("n", i)
		status := ledgertest.StatusWith("in_progress", 7)
		status.Name = name
		objects = append(objects, ledgertest.CommitStatus(ledgertest.Named(name), ledgertest.On(ledgertest.OtherSHA), ledgertest.Wants("queued"), ledgertest.Told(status)))
		there, here := keyNamed(name), keyNamed(name)
		here.SHA = ledgertest.OtherSHA
		keys = append(keys, there, here)
		if shown != nil {
			old[name] = *shown
			if shown.ExternalID == "" {
				old[name] = providers.Listed{Shown: shown.Shown, ExternalID: there.ExternalID()}
			}
		}
	}
	b.scm.listing = func(at providers.Commit) providers.Listing {
		if at.SHA == ledgertest.OtherSHA {
			return providers.Listing{Marked: true, Statuses: map[string]providers.Listed{}}
		}
		return providers.Listing{Marked: true, Statuses: old}
	}
	b.Hear("eu", objects...)
	return b, keys
}

func (b *bench) times(asked string) (n int) {
	for _, each := range b.scm.asked {
		if each == asked {
			n++
		}
	}
	return n
}

func TestTakeOver_ListsACommitThatWasLeftOnce(t *testing.T) {
	for name, after := range takeOvers {
		t.Run(name, func(t *testing.T) {
			b, keys := leftBehind(t, after, &providers.Listed{Shown: *ledgertest.Shows("in_progress")})
			b.workOn(keys, 25*time.Second, time.Second)
			b.expectReads(2, 0)
			b.G.Expect(b.times("update canceled")).To(Equal(100))
			b.G.Expect(b.times("create queued")).To(Equal(100))
			b.G.Expect(b.scm.asked).To(HaveLen(202))
		})
	}
}

func TestTakeOver_EndsNothingThatAListOfACommitThatWasLeftDoesNotShow(t *testing.T) {
	for name, after := range takeOvers {
		for what, shown := range map[string]*providers.Listed{"nothing": nil, "over": {Shown: *ledgertest.Shows("success")}} {
			t.Run(name+", "+what, func(t *testing.T) {
				b, keys := leftBehind(t, after, shown)
				b.workOn(keys, 25*time.Second, time.Second)
				lists, finds := b.reads()
				b.G.Expect(lists).To(BeNumerically("<=", 3), "one more once nothing can arrive")
				b.G.Expect(finds).To(BeZero())
				b.G.Expect(b.times("update canceled")).To(BeZero())
				b.G.Expect(b.times("create queued")).To(Equal(100))
			})
		}
	}
}

func TestTakeOver_LooksUpByNameWhatAListOfACommitThatWasLeftLeavesOpen(t *testing.T) {
	b, keys := leftBehind(t, ledger.Predecessor{Led: true, Clean: true}, &providers.Listed{Shown: *ledgertest.Shows("in_progress"), ExternalID: "another's"})
	b.scm.found = ledgertest.Shows("in_progress")
	b.workOn(keys, 10*time.Second, time.Second)
	b.expectReads(2, 100)
	b.G.Expect(b.times("update canceled")).To(Equal(100))

	b, keys = leftBehind(t, ledger.Predecessor{Led: true, Clean: true}, nil)
	b.scm.found = ledgertest.Shows("in_progress")
	b.scm.onList = func() { b.scm.err = providers.Errorf(v1alpha1.ReasonUnavailable, "too long") }
	b.scm.onFind = func() { b.scm.err = nil }
	b.work(keys[0])
	b.G.Expect(b.scm.asked).To(Equal([]string{"list", "find", "update canceled"}), "a list that fails is no attempt")
}

func TestAbandon_LooksAgainWhereAListDoesNotCount(t *testing.T) {
	b, keys := leftBehind(t, ledger.Predecessor{Led: true, Clean: true}, &providers.Listed{Shown: *ledgertest.Shows("in_progress")})
	b.scm.found = ledgertest.Shows("in_progress")
	b.scm.onList = func() {
		b.scm.onList = nil
		job, _, ok := b.Job(keys[0])
		b.G.Expect(ok).To(BeTrue())
		ended, ok := b.Writing(keys[0], job)
		b.G.Expect(ok).To(BeTrue())
		ended()
	}
	for range 2 {
		b.work(keys[0])
	}
	b.G.Expect(b.scm.asked).To(Equal([]string{"list", "find", "update canceled"}))
}
