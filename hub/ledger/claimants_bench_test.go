package ledger

import (
	"fmt"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
)

// sharedKey is a ledger in which n claims are on one key.
type sharedKey struct {
	*crowd
	key Key
}

func newSharedKey(b *testing.B, n int, aggregate bool) *sharedKey {
	b.Helper()
	s := &sharedKey{crowd: newCrowd(b, 0), key: testKey}
	scm := testSCM(allowAll())
	scm.aggregate = aggregate
	s.SetScmProvider("acme", scm)
	for i := range n {
		cs := testStatus()
		cs.Name, cs.UID = fmt.Sprintf("status-%d", i), types.UID(fmt.Sprintf("uid-%d", i))
		// Neither oldest first nor youngest first.
		cs.CreationTimestamp = metav1.Unix(int64(i*7919%n), 0)
		s.objects = append(s.objects, cs)
		s.SetObject(clusterNo(i%ledgerClusters), s.tokens[i%ledgerClusters], cs)
	}
	s.changeAll(b, false)
	return s
}

// changeAll takes a change of the phase of all claims through the ledger, without the
// requests. Where each is worked on, a worker looks at the key after each change, as it
// does where changes come slowly; else the key waits for its turn until all have come.
func (s *sharedKey) changeAll(b *testing.B, each bool) (took time.Duration) {
	s.version++
	sources := make([]*v1alpha1.CommitStatus, len(s.objects))
	for i, o := range s.objects {
		cs := o.DeepCopy()
		cs.Generation++
		cs.ResourceVersion = fmt.Sprint(2*s.version + 1)
		cs.Spec.Phase = []v1alpha1.Phase{v1alpha1.PhaseQueued, v1alpha1.PhaseInProgress}[s.version%2]
		sources[i] = cs
	}
	s.objects = sources
	start := time.Now()
	patched := 0
	for i, cs := range sources {
		changes := s.SetObject(clusterNo(i%ledgerClusters), s.tokens[i%ledgerClusters], cs)
		s.Advance(s.key)
		s.Route(s.key)
		if each {
			changes.add(s.work(b))
			patched += s.publish(changes.Objects)
		}
	}
	patched += s.publish(s.work(b).Objects)
	took = time.Since(start)
	if patched < len(sources) {
		b.Fatalf("%d statuses are published for %d changes", patched, len(sources))
	}
	return took
}

// work brings the key forward once.
func (s *sharedKey) work(b *testing.B) Changes {
	s.Advance(s.key)
	job, _, ok := s.Job(s.key)
	if !ok {
		b.Fatal("the key has no claims")
	}
	if plan(job.Account, job.Observation, job.Verdict.Want) == ActNothing {
		return s.Settled(s.key, job)
	}
	ended, _ := s.Writing(s.key, job)
	defer ended()
	return s.Showed(s.key, job, &providers.Shown{
		Status: job.Verdict.Want, Handle: v1alpha1.ProviderHandle{GitHub: &v1alpha1.GitHubHandle{CheckRunID: 1}},
	}, true)
}

func (s *sharedKey) publish(ids []ObjectID) (patched int) {
	for _, id := range ids {
		if patch, ok := s.Patch(id); ok {
			s.Patched(patch, fmt.Sprint(2*s.version+2))
			patched++
		}
	}
	return patched
}

// BenchmarkMemberOfOneUID takes the objects of a member that shows the same UID in all.
func BenchmarkMemberOfOneUID(b *testing.B) {
	for _, own := range []int{1_000, 10_000} {
		b.Run(fmt.Sprintf("objects=%d", own), func(b *testing.B) {
			c := newCrowd(b, 0)
			least := time.Hour
			for b.Loop() {
				start := time.Now()
				token := c.Engage("guest", time.Time{})
				for i := range own {
					cs := numbered(i, fmt.Sprintf("%040x", i))
					cs.UID = "the same"
					c.SetObject("guest", token, cs)
				}
				c.Synced("guest", token)
				c.Disengage("guest", token)
				least = min(least, time.Since(start))
			}
			b.ReportMetric(least.Seconds()*1e6/float64(own), "µs/object")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// BenchmarkMemberOfOneKey lets members join and leave all of whose claims are on one key.
func BenchmarkMemberOfOneKey(b *testing.B) {
	for _, own := range []int{1_000, 50_000} {
		b.Run(fmt.Sprintf("objects=%d", own), func(b *testing.B) {
			s := newSharedKey(b, 100, false)
			least := time.Hour
			for b.Loop() {
				start := time.Now()
				s.joinAndLeave(own, func(int) string { return testSHA })
				least = min(least, time.Since(start))
			}
			b.ReportMetric(least.Seconds()*1e6/float64(own), "µs/object")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// BenchmarkClaimants changes all claims on one key, and compares that with as many changes
// of keys with one claim each.
func BenchmarkClaimants(b *testing.B) {
	for _, how := range []struct {
		name            string
		aggregate, each bool
	}{{"Oldest", false, false}, {"Oldest, one by one", false, true}, {"Aggregate", true, false}} {
		for _, n := range []int{10, 100, 1_000, 3_000} {
			b.Run(fmt.Sprintf("%s/claims=%d", how.name, n), func(b *testing.B) {
				alone := newCrowd(b, n)
				s := newSharedKey(b, n, how.aggregate)
				// The least of all runs is what others on the machine have disturbed least.
				took, floor := time.Hour, time.Hour
				for b.Loop() {
					took = min(took, s.changeAll(b, how.each))
					start := time.Now()
					for i := range n {
						alone.change(b, i)
					}
					floor = min(floor, time.Since(start))
				}
				b.ReportMetric(took.Seconds()*1000, "ms/change-of-all")
				b.ReportMetric(float64(took)/float64(floor), "x-alone")
				b.ReportMetric(0, "ns/op")
			})
		}
	}
}
