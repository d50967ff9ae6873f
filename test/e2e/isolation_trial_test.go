package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	apimeta "k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/hub"
	"github.com/argoproj-labs/commit-status-hub/kubeconfigs"
	"github.com/argoproj-labs/commit-status-hub/test/clusters"
	"github.com/argoproj-labs/commit-status-hub/test/faults"
	"github.com/argoproj-labs/commit-status-hub/test/scm/github"
)

// floodSHAs are the commits that made-up CommitStatuses are on.
const floodSHAs = 100

func floodSHA(n int) string { return fmt.Sprintf("%040x", 0xf100d000+n%floodSHAs) }

// unlimited is a GitHub whose limits hold up nothing that a flood could want.
var unlimited = github.Limits{RequestsPerHour: 1e8}

// trial is a hub with two good members: eu, whose installation bad ones share, and hq with
// an installation of its own.
type trial struct {
	*world
	// names are the CommitStatuses of each good member, without the member's name.
	names []string
	round int
	// changes are the descriptions that were declared, each once.
	changes []string
	// heap is how much lived when only the good members were there, and peak the most
	// since.
	heap, peak uint64
}

var goodMembers = map[string]**clusters.Cluster{"eu": &euCluster, "hq": &hubCluster}

// newTrial starts a hub whose good members have so many CommitStatuses each.
func newTrial(each, objectLimit int) *trial {
	GinkgoHelper()
	w := newWorld(github.WithLimits(unlimited))
	t := &trial{world: w}
	w.scm.Install(appID, installationID+1, "beta")
	w.scm.AddRepo("beta/shop", testSHA)
	for n := range floodSHAs {
		w.scm.AddCommit("acme/flood", floodSHA(n))
	}
	w.secret(map[string][]byte{"privateKey": w.pem})
	still := func(p *v1alpha1.ScmProvider) { p.Spec.Drift.Interval = "0s" }
	w.provider(still)
	w.provider(still, func(p *v1alpha1.ScmProvider) {
		p.Name, p.Spec.GitHub.InstallationID = "beta", installationID+1
		p.Spec.Grants = []v1alpha1.Grant{{Clusters: []v1alpha1.Pattern{"hq"}, Repositories: []v1alpha1.Pattern{"beta/*"}}}
	})
	w.repo(euCluster, "shop", "acme/shop")
	w.create(hubCluster, repoOf(w.tenant, "shop", "beta", "beta/shop"))
	for name, c := range goodMembers {
		w.member(name, (*c).Kubeconfig())
	}
	w.start(func(o *hub.Options) { o.LocalCluster, o.MemberObjectLimit = false, objectLimit })
	for n := range each {
		t.names = append(t.names, fmt.Sprintf("-%d", n))
	}
	var group sync.WaitGroup
	for name, c := range goodMembers {
		group.Go(func() {
			defer GinkgoRecover()
			for _, suffix := range t.names {
				w.ask(*c, name+suffix, v1alpha1.PhaseInProgress)
			}
		})
	}
	group.Wait()
	for _, c := range goodMembers {
		Eventually(func() int { return w.readyReasons(*c)[v1alpha1.ReasonSynced] }).Should(Equal(each))
	}
	t.heap = living()
	return t
}

// living is how many bytes are in use after a garbage collection.
func living() uint64 {
	var stats runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}

// grown is by how much more is in use than with the good members alone.
func (t *trial) grown() uint64 {
	now := living()
	t.peak = max(t.peak, now)
	return now - min(now, t.heap)
}

// declare changes the description of a CommitStatus to one that there has not been.
func (t *trial) declare(member, suffix string) (description string, err error) {
	description = fmt.Sprintf("%s%s in round %d", member, suffix, t.round)
	cs := &v1alpha1.CommitStatus{ObjectMeta: objectMeta(t.tenant, member+suffix)}
	patch := client.RawPatch(types.MergePatchType, fmt.Appendf(nil, `{"spec":{"description":%q}}`, description))
	return description, (*goodMembers[member]).Client.Patch(t.ctx, cs, patch)
}

// work changes all CommitStatuses of the good members, and expects that each is synced
// and that each change has cost one call.
func (t *trial) work() {
	GinkgoHelper()
	t.round++
	declared := map[string]string{}
	for member := range goodMembers {
		for _, suffix := range t.names {
			description, err := t.declare(member, suffix)
			Expect(err).NotTo(HaveOccurred())
			declared[member+suffix] = description
			t.changes = append(t.changes, description)
		}
	}
	for member, c := range goodMembers {
		for _, suffix := range t.names {
			Eventually(t.shown(*c, member+suffix)).Should(Equal(declared[member+suffix]))
		}
	}
	arrived := t.arrivals()
	for _, description := range t.changes {
		Expect(arrived[description]).To(HaveLen(1), description)
	}
}

// shown is the description that a CommitStatus is told to be synced with.
func (t *trial) shown(c *clusters.Cluster, name string) func() string {
	return func() string {
		cs := t.get(c, name)
		expectInvariants(cs)
		if !cs.Status.IsSynced || cs.Status.ObservedGeneration != cs.Generation {
			return ""
		}
		return cs.Status.Description
	}
}

// arrivals are the calls that the good members' changes have cost, by description.
func (t *trial) arrivals() map[string][]time.Time {
	GinkgoHelper()
	out := map[string][]time.Time{}
	for _, call := range t.scm.Those(func(c *github.Call) bool { return bytes.Contains(c.RequestBody, []byte(" in round ")) }) {
		var body struct{ Output struct{ Summary string } }
		Expect(json.Unmarshal(call.RequestBody, &body)).To(Succeed())
		out[body.Output.Summary] = append(out[body.Output.Summary], call.At)
	}
	return out
}

// delays changes CommitStatuses of the good members, each so many times and at a steady
// rate, and returns how long each change took until GitHub was asked for it, sorted.
func (t *trial) delays(each, perSecond int) map[string][]time.Duration {
	GinkgoHelper()
	var mu sync.Mutex
	declared := map[string]time.Time{}
	var group sync.WaitGroup
	t.round++
	begun := t.round
	for member := range goodMembers {
		group.Go(func() {
			defer GinkgoRecover()
			mine := *t
			ticker := time.NewTicker(time.Second / time.Duration(perSecond))
			defer ticker.Stop()
			for n := range each {
				<-ticker.C
				mine.round = begun + n/len(t.names)
				at := time.Now()
				description, err := mine.declare(member, t.names[n%len(t.names)])
				Expect(err).NotTo(HaveOccurred())
				mu.Lock()
				declared[member+" "+description] = at
				mu.Unlock()
			}
		})
	}
	group.Wait()
	t.round += each / len(t.names)
	out := map[string][]time.Duration{}
	Eventually(func(g Gomega) {
		clear(out)
		arrived := t.arrivals()
		for key, at := range declared {
			member, description := key[:2], key[3:]
			g.Expect(arrived[description]).To(HaveLen(1), description)
			out[member] = append(out[member], arrived[description][0].Sub(at))
		}
	}).Should(Succeed())
	for _, all := range out {
		slices.Sort(all)
	}
	return out
}

// bad is a member that misbehaves, with what stands before it.
type bad struct {
	*trial
	name  string
	front *faults.Front
	// change changes its CommitStatus, and answered reports whether it has been told so.
	change   func()
	answered func() bool
}

// adds makes a member behind a front, without telling the hub of it.
func (t *trial) adds(name string, m *faults.Member) *bad {
	b := &bad{trial: t, name: name, front: faults.NewFront(m)}
	DeferCleanup(b.front.Close)
	b.change = func() { m.Change(0) }
	b.answered = func() bool {
		status, generation := m.Status(0)
		return status.ObservedGeneration == generation && apimeta.FindStatusCondition(status.Conditions, v1alpha1.ConditionReady) != nil
	}
	return b
}

// addsReal makes us a member behind a front.
func (t *trial) addsReal(name string) *bad {
	GinkgoHelper()
	t.repo(usCluster, "shop", "acme/flood")
	t.ask(usCluster, "bad", v1alpha1.PhaseInProgress, func(cs *v1alpha1.CommitStatus) { cs.Spec.SHA = floodSHA(0) })
	b := &bad{trial: t, name: name, front: faults.NewFront(proxyOf(usCluster, nil))}
	DeferCleanup(b.front.Close)
	changes := 0
	b.change = func() {
		changes++
		t.change(usCluster, "bad", func(cs *v1alpha1.CommitStatus) { cs.Spec.Description = fmt.Sprint("change ", changes) })
	}
	b.answered = func() bool { return t.reason(usCluster, "bad")() == v1alpha1.ReasonSynced }
	return b
}

// engage tells the hub of the member.
func (b *bad) engage() {
	GinkgoHelper()
	b.member(b.name, kubeconfigOf(b.front.Server, "x"))
}

// served waits until the member's CommitStatus is answered.
func (b *bad) served() {
	GinkgoHelper()
	Eventually(b.answered).WithTimeout(2*time.Minute).Should(BeTrue(), "the member's own status")
}

// recovers expects that a member which behaves again is served, without any help.
func (b *bad) recovers() {
	GinkgoHelper()
	b.front.Behave()
	b.change()
	b.served()
	Eventually(b.health).WithTimeout(time.Minute).Should(HaveField("State", kubeconfigs.Connected))
}

// goes deletes the member's Secret.
func (b *bad) goes() {
	GinkgoHelper()
	Expect(hubCluster.Client.Delete(b.ctx, &corev1.Secret{ObjectMeta: objectMeta(b.namespace, b.name)})).To(Succeed())
}

// health is what the member's Secret says.
func (b *bad) health() kubeconfigs.HealthAnnotation {
	GinkgoHelper()
	secret := &corev1.Secret{}
	Expect(hubCluster.Client.Get(b.ctx, types.NamespacedName{Namespace: b.namespace, Name: b.name}, secret)).To(Succeed())
	told := secret.Annotations[kubeconfigs.HealthKey]
	if told == "" {
		return kubeconfigs.HealthAnnotation{}
	}
	health, err := kubeconfigs.ParseHealthAnnotation(told)
	Expect(err).NotTo(HaveOccurred())
	return health
}
