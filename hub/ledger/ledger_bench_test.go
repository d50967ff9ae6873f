package ledger

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
)

// ledgerClusters is how many clusters the claims of a measured ledger are in.
const ledgerClusters = 20

// crowd is a ledger with n keys, each with one claim.
type crowd struct {
	*Ledger
	tokens  []uint64
	objects []*v1alpha1.CommitStatus
	version int
}

func newCrowd(b *testing.B, n int) *crowd {
	b.Helper()
	now := clocktesting.NewFakeClock(time.Unix(10_000, 0))
	c := &crowd{Ledger: New(Options{Clock: now, Fleet: func() ([]string, bool) { return nil, true }})}
	c.SetScmProvider("acme", testSCM(allowAll()))
	c.Loaded()
	c.Begin(Predecessor{})
	now.Step(2 * takeOverWindow)
	for i := range ledgerClusters {
		c.tokens = append(c.tokens, c.Engage(clusterNo(i), time.Time{}))
		c.SetRepo(clusterNo(i), c.tokens[i], types.NamespacedName{Namespace: "team-a", Name: "shop"}, testRepo())
	}
	for i := range n {
		cs := testStatus()
		cs.Name, cs.UID = fmt.Sprintf("status-%d", i), types.UID(fmt.Sprintf("uid-%d", i))
		cs.Spec.SHA, cs.CreationTimestamp = fmt.Sprintf("%040x", i), metav1.Unix(int64(i), 0)
		c.objects = append(c.objects, cs)
		c.SetObject(clusterNo(i%ledgerClusters), c.tokens[i%ledgerClusters], cs)
	}
	for i := range ledgerClusters {
		c.Synced(clusterNo(i), c.tokens[i])
	}
	return c
}

func clusterNo(i int) string { return fmt.Sprintf("cluster-%d", i) }

// change takes the i-th claim through all that a change of its phase makes the ledger do.
func (c *crowd) change(b *testing.B, i int) {
	c.version++
	cs := c.objects[i].DeepCopy()
	cs.Generation++
	cs.ResourceVersion = fmt.Sprint(2*c.version + 1)
	cs.Spec.Phase = []v1alpha1.Phase{v1alpha1.PhaseQueued, v1alpha1.PhaseInProgress}[c.version%2]
	c.objects[i] = cs
	in := i % ledgerClusters
	changes := c.SetObject(clusterNo(in), c.tokens[in], cs)
	if len(changes.Keys) != 1 {
		b.Fatal("a change is not of one key")
	}
	key := changes.Keys[0]
	c.Advance(key)
	c.Route(key)
	c.Advance(key)
	job, _, ok := c.Job(key)
	if !ok {
		b.Fatal("there is nothing to do")
	}
	ended, _ := c.Writing(key, job)
	shown := &providers.Shown{
		Status: job.Verdict.Want, Handle: v1alpha1.ProviderHandle{GitHub: &v1alpha1.GitHubHandle{CheckRunID: int64(i + 1)}},
	}
	changes = c.Showed(key, job, shown, true)
	ended()
	for _, id := range changes.Objects {
		patch, ok := c.Patch(id)
		if !ok {
			b.Fatal("there is nothing to publish")
		}
		c.Patched(patch, fmt.Sprint(2*c.version+2))
	}
}

// BenchmarkLedger takes changes through ledgers of different sizes: from the watch's event
// to the status patch, all but the requests.
func BenchmarkLedger(b *testing.B) {
	for _, n := range []int{1_000, 10_000, 100_000, 1_000_000} {
		b.Run(fmt.Sprintf("keys=%d", n), func(b *testing.B) {
			var before, after runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			c := newCrowd(b, n)
			runtime.GC()
			runtime.ReadMemStats(&after)
			i := 0
			for b.Loop() {
				c.change(b, i%n)
				i += 7919 // a prime, so that all are met, in no order that memory is in
			}
			b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/float64(n), "B/key")
			runtime.KeepAlive(c)
		})
	}
}

// BenchmarkMember lets members join and leave ledgers of different sizes. What a member's
// own objects cost is the same in all of them.
func BenchmarkMember(b *testing.B) {
	for _, own := range []int{0, 100} {
		for _, n := range []int{1_000, 10_000, 100_000} {
			b.Run(fmt.Sprintf("objects=%d/keys=%d", own, n), func(b *testing.B) {
				c := newCrowd(b, n)
				for b.Loop() {
					c.joinAndLeave(own, func(i int) string { return fmt.Sprintf("%039xf", i) })
				}
			})
		}
	}
}

// joinAndLeave takes a member through all that it makes the ledger do, from its engagement
// to its end.
func (c *crowd) joinAndLeave(objects int, sha func(int) string) {
	token := c.Engage("guest", time.Time{})
	c.SetRepo("guest", token, types.NamespacedName{Namespace: "team-a", Name: "shop"}, testRepo())
	for i := range objects {
		c.SetObject("guest", token, numbered(i, sha(i)))
	}
	c.Synced("guest", token)
	c.Disengage("guest", token)
}

// numbered is the i-th of many CommitStatuses.
func numbered(i int, sha string) *v1alpha1.CommitStatus {
	return testStatus(func(cs *v1alpha1.CommitStatus) {
		cs.Name, cs.UID, cs.Spec.SHA = fmt.Sprintf("guest-%d", i), types.UID(fmt.Sprintf("guest-%d", i)), sha
	})
}
