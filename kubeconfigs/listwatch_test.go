package kubeconfigs

import (
	"context"
	"fmt"
	"strconv"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"go.uber.org/goleak"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	toolscache "k8s.io/client-go/tools/cache"
	clocktesting "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/manager"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
)

// pages serves a list of n objects by pages. largest is how many fit into one answer.
func pages(n, largest int, asked *[]metav1.ListOptions) *toolscache.ListWatch {
	return &toolscache.ListWatch{ListWithContextFunc: func(_ context.Context, o metav1.ListOptions) (runtime.Object, error) {
		*asked = append(*asked, o)
		if int(o.Limit) > largest {
			return nil, fmt.Errorf("reading the answer: %w", errTooLarge)
		}
		start := 0
		if o.Continue != "" {
			start, _ = strconv.Atoi(o.Continue)
		}
		end := min(n, start+int(o.Limit))
		list := &v1alpha1.CommitStatusList{ListMeta: metav1.ListMeta{ResourceVersion: strconv.Itoa(1000 + start)}}
		for i := range end - start {
			list.Items = append(list.Items, *born(n - start - i)) // the youngest first
		}
		if end < n {
			list.Continue = strconv.Itoa(end)
		}
		return list, nil
	}}
}

func listing(from *toolscache.ListWatch, limit int) *listWatch {
	i := newIntake(limit, clocktesting.NewFakeClock(time.Now()), func() {})
	return &listWatch{from: from, intake: i, unreadable: &unreadable{}, keep: func(o client.Object) int { o.SetLabels(nil); return 0 }}
}

func TestAListIsReadByPagesOfWhichTheOldestObjectsStay(t *testing.T) {
	g := NewWithT(t)
	var asked []metav1.ListOptions
	list, err := listing(pages(1700, pageSize, &asked), 3).ListWithContext(t.Context(), metav1.ListOptions{ResourceVersion: "0"})
	g.Expect(err).NotTo(HaveOccurred())
	statuses, ok := list.(*v1alpha1.CommitStatusList)
	g.Expect(ok).To(BeTrue())
	var names []string
	for i := range statuses.Items {
		names = append(names, statuses.Items[i].Name)
	}
	g.Expect(names).To(ConsistOf("status-1", "status-2", "status-3"))
	g.Expect(statuses.ResourceVersion).To(Equal("1000"), "the watch begins where the first page was read")
	g.Expect(statuses.Continue).To(BeEmpty())
	g.Expect(asked).To(HaveLen(4))
	for _, o := range asked {
		g.Expect(o.ResourceVersion).To(BeEmpty(), "from a cache an API server lists all at once")
		g.Expect(o.Limit).To(BeEquivalentTo(pageSize))
	}
}

func TestAPageThatIsTooLargeIsAskedForInSmallerOnes(t *testing.T) {
	g := NewWithT(t)
	var asked []metav1.ListOptions
	list, err := listing(pages(100, 10, &asked), 1000).ListWithContext(t.Context(), metav1.ListOptions{})
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(list).To(HaveField("Items", HaveLen(100)))

	_, err = listing(pages(100, 0, &asked), 1000).ListWithContext(t.Context(), metav1.ListOptions{})
	g.Expect(err).To(MatchError(errTooLarge), "not even one is small enough")
}

func TestASieveEndsWhenItIsStopped(t *testing.T) {
	g := NewWithT(t)
	before := goleak.IgnoreCurrent()
	from := watch.NewFake()
	s := newSieve(from, func(e watch.Event) (watch.Event, bool) { return e, e.Type != watch.Deleted })
	go from.Delete(born(1))
	go from.Add(born(2))
	g.Eventually(s.ResultChan()).Should(Receive(HaveField("Type", watch.Added)))
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		from.Modify(born(2)) // which nobody receives
	}()
	g.Eventually(sent).Should(BeClosed())
	s.Stop()
	g.Eventually(func() error { return goleak.Find(before) }).Should(Succeed())
}

var _ = Describe("A member with more objects than are let in", func() {
	It("is told of, has its newest left out, and gets them in when there is room", func(ctx SpecContext) {
		clk := clocktesting.NewFakeClock(time.Now())
		r := newReplica(ctx, func(_ *manager.Options, o *Options) { o.ObjectLimit, o.Clock = 3, clk })
		namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "team-"}}
		Expect(hub.Client.Create(ctx, namespace)).To(Succeed())
		status := func(name string) *v1alpha1.CommitStatus {
			return &v1alpha1.CommitStatus{
				ObjectMeta: metav1.ObjectMeta{Namespace: namespace.Name, Name: name},
				Spec: v1alpha1.CommitStatusSpec{
					GitRepoRef: v1alpha1.ObjectReference{Name: "shop"}, Name: name, Phase: v1alpha1.PhaseSuccess,
					SHA: "1f0c7d4b1e5a6b7c8d9e0f1a2b3c4d5e6f708192",
				},
			}
		}
		for _, name := range []string{"d", "c", "b"} {
			Expect(hub.Client.Create(ctx, status(name))).To(Succeed())
			DeferCleanup(func(ctx SpecContext) {
				Expect(client.IgnoreNotFound(hub.Client.Delete(ctx, status(name)))).To(Succeed())
			})
		}
		secret := r.secret("crowded", insider(hub, "insider"))
		secret.Annotations = map[string]string{NamespacesAnnotation: namespace.Name}
		Expect(hub.Client.Create(ctx, secret)).To(Succeed())
		r.begin()
		Eventually(r.engagements("crowded")).Should(HaveLen(1))
		Eventually(r.health("crowded")).Should(haveState(Connected, ReasonConnected))
		member := r.engagements("crowded")()[0].cluster
		_, err := member.GetCache().GetInformer(ctx, &v1alpha1.CommitStatus{})
		Expect(err).NotTo(HaveOccurred())
		inside := func() (names []string) {
			list := &v1alpha1.CommitStatusList{}
			Expect(member.GetCache().List(ctx, list)).To(Succeed())
			for i := range list.Items {
				names = append(names, list.Items[i].Name)
			}
			return names
		}
		Eventually(inside).Should(ConsistOf("b", "c", "d"))

		Expect(hub.Client.Create(ctx, status("a"))).To(Succeed())
		DeferCleanup(func(ctx SpecContext) { Expect(hub.Client.Delete(ctx, status("a"))).To(Succeed()) })
		Eventually(r.health("crowded")).Should(And(haveState(Connected, ReasonObjectsLeftOut), HaveField("LeftOut", 1)))
		Eventually(r.events(ctx, "crowded")).Should(ConsistOf(ReasonConnected, ReasonObjectsLeftOut))
		Expect(inside()).To(ConsistOf("b", "c", "d"))

		By("making room")
		Expect(hub.Client.Delete(ctx, status("c"))).To(Succeed())
		Eventually(inside).Should(ConsistOf("b", "d"))
		clk.Step(relistPause)
		before := status("b")
		Expect(hub.Client.Patch(ctx, before, client.RawPatch("application/merge-patch+json", []byte(`{"metadata":{"labels":{"a":"b"}}}`)))).To(Succeed())
		Eventually(inside).Should(ConsistOf("a", "b", "d"))
		Eventually(r.health("crowded")).Should(And(haveState(Connected, ReasonConnected), HaveField("LeftOut", 0)))
	})
})
