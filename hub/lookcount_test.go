package hub

import (
	"context"
	"fmt"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/types"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
)

// takesOver has the bench begin after a predecessor. Its SCM shows nothing.
func (b *bench) takesOver(after Predecessor) {
	b.started = time.Time{}
	b.Begin(after)
	b.scm.listed = providers.Listing{Marked: true, Statuses: map[string]providers.Listed{}}
}

// spread are objects without a status, so many on each of some commits.
func spread(commits, names int) (objects []*v1alpha1.CommitStatus, keys []Key) {
	for c := range commits {
		for n := range names {
			o := testStatus(named(fmt.Sprintf("c%d-n%d", c, n)))
			o.Spec.SHA = fmt.Sprintf("%040x", c+1)
			key := keyNamed(o.Name)
			key.SHA = o.Spec.SHA
			objects, keys = append(objects, o), append(keys, key)
		}
	}
	return objects, keys
}

// workOn has workers see to all keys, again and again for a time.
func (b *bench) workOn(keys []Key, d time.Duration) {
	b.g.THelper()
	for end := b.now.Now().Add(d); ; b.now.Step(time.Second) {
		for _, key := range keys {
			_, err := b.syncer.Reconcile(context.Background(), key)
			b.g.Expect(err).NotTo(HaveOccurred())
		}
		if !b.now.Now().Before(end) {
			return
		}
	}
}

// takeOvers are all ways to take over.
var takeOvers = map[string]Predecessor{
	"clean":       {Led: true, Clean: true},
	"unpublished": {Led: true},
	"killed":      {Led: true, Unsure: true},
}

func TestTakeOver_ListsACommitOnceForFiftyMembersThatAreSyncedOneByOne(t *testing.T) {
	for name, after := range takeOvers {
		for shown, phase := range map[string]v1alpha1.Phase{"nothing": "", "what they want": "queued", "something else": "failure"} {
			t.Run(name+", shown is "+shown, func(t *testing.T) {
				b := newBench(t)
				for m := range 50 {
					b.members = append(b.members, fmt.Sprint("m", m))
				}
				_, keys := spread(1, 100)
				b.takesOver(after)
				for _, key := range keys {
					if phase != "" {
						b.scm.listed.Statuses[key.Name] = providers.Listed{Shown: *shows(phase), ExternalID: key.ExternalID()}
					}
				}
				for _, member := range b.members {
					objects, _ := spread(1, 100)
					for _, o := range objects {
						o.UID = types.UID(member + "/" + o.Name)
					}
					b.hear(member, objects...)
					b.workOn(keys, time.Second)
				}
				b.workOn(keys, time.Minute)
				lists, finds := b.reads()
				b.g.Expect(lists).To(BeNumerically("<=", 2), "one, and one once all members are synced that may want what it found")
				b.g.Expect(finds).To(BeZero())
				writes := map[v1alpha1.Phase]int{"": 100, "queued": 0, "failure": 100}[phase]
				b.g.Expect(len(b.scm.asked)-lists).To(Equal(writes), "each key is written once, or not at all")
			})
		}
	}
}

func TestTakeOver_ListsEachCommitOnceForThousandsOfKeys(t *testing.T) {
	const commits, names = 10, 500
	for name, after := range takeOvers {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.takesOver(after)
			objects, keys := spread(commits, names)
			b.hear("eu", objects...)
			b.workOn(keys, 20*time.Second)
			lists, finds := b.reads()
			b.g.Expect([]int{lists, finds}).To(Equal([]int{commits, 0}), "lists and look-ups")
			b.g.Expect(b.scm.asked).To(HaveLen(commits + commits*names))
		})
	}
}
