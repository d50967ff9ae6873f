package kubeconfigs

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clocktesting "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/manager"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
)

// wholePage is a page with its objects.
type wholePage struct {
	listHead
	objects []found
}

// handing has a page's objects handed on one after the other.
func handing(fetch func(context.Context, metav1.ListOptions) (*wholePage, error)) fetcher {
	return func(ctx context.Context, o metav1.ListOptions, take func(found) error) (page, error) {
		whole, err := fetch(ctx, o)
		if err != nil {
			return page{}, err
		}
		for _, f := range whole.objects {
			if err := take(f); err != nil {
				return page{}, err
			}
		}
		return page{whole.listHead, len(whole.objects)}, nil
	}
}

// whole reads a page.
func (o *objects) whole(ctx context.Context, body io.Reader, limit int64) (*wholePage, error) {
	out := &wholePage{}
	p, err := o.page(ctx, body, limit, func(f found) error {
		out.objects = append(out.objects, f)
		return nil
	})
	out.listHead = p.listHead
	return out, err
}

// pages serves a list of n objects by pages. largest is how many fit into one answer.
func pages(n, largest int, asked *[]metav1.ListOptions) func(context.Context, metav1.ListOptions) (*wholePage, error) {
	return func(_ context.Context, o metav1.ListOptions) (*wholePage, error) {
		*asked = append(*asked, o)
		if int(o.Limit) > largest {
			return nil, fmt.Errorf("reading the answer: %w", errTooLarge)
		}
		start := 0
		if o.Continue != "" {
			start, _ = strconv.Atoi(o.Continue)
		}
		end := min(n, start+int(o.Limit))
		list := &wholePage{listHead: listHead{version: strconv.Itoa(1000 + start)}}
		for i := range end - start {
			list.objects = append(list.objects, found{object: born(n - start - i)}) // the youngest first
		}
		if end < n {
			list.next = strconv.Itoa(end)
		}
		return list, nil
	}
}

// listerOf is a lister with a clock of its own, which a wait moves on by a second.
func listerOf(fetch func(context.Context, metav1.ListOptions) (*wholePage, error)) *lister {
	clk := clocktesting.NewFakeClock(time.Now())
	return &lister{fetch: handing(fetch), limit: DefaultObjectLimit, clock: clk, wait: func(context.Context, error) { clk.Step(time.Second) }}
}

// listed are the objects that a lister hands on.
func (l *lister) listed(ctx context.Context) (objects []client.Object, version string, err error) {
	version, err = l.list(ctx, func(f found) error {
		objects = append(objects, f.object)
		return nil
	}, func() { objects = nil })
	return objects, version, err
}

func TestAListIsReadByPages(t *testing.T) {
	g := NewWithT(t)
	var asked []metav1.ListOptions
	objects, version, err := listerOf(pages(1700, pageSize, &asked)).listed(t.Context())
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(objects).To(HaveLen(1700))
	g.Expect(version).To(Equal("1000"), "the watch begins where the first page was read")
	g.Expect(asked).To(HaveLen(4))
	for _, o := range asked {
		g.Expect(o.ResourceVersion).To(BeEmpty(), "from a cache an API server lists all at once")
		g.Expect(o.Limit).To(BeEquivalentTo(pageSize))
	}
}

func TestAPageThatIsTooLargeIsAskedForInSmallerOnes(t *testing.T) {
	g := NewWithT(t)
	var asked []metav1.ListOptions
	objects, _, err := listerOf(pages(100, 10, &asked)).listed(t.Context())
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(objects).To(HaveLen(100))

	_, _, err = listerOf(pages(100, 0, &asked)).listed(t.Context())
	g.Expect(err).To(MatchError(errTooLarge), "not even one is small enough")
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
			for _, object := range contents(ctx, member, &v1alpha1.CommitStatus{}) {
				names = append(names, object.GetName())
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

// A first page that is too large is asked for again, at a newer version. What was handed on of
// the first attempt is older than the version that the watch goes on from.
func TestFeedFill_KeepsNothingOfAFirstPageThatWasTooLarge(t *testing.T) {
	g := NewWithT(t)
	s := &script{lists: [][]*v1alpha1.GitRepo{nil, {repo("a", "2")}}}
	s.before = func(f *reflector) {
		next := f.fetch
		f.fetch = func(ctx context.Context, o metav1.ListOptions, take func(found) error) (page, error) {
			if o.Limit == pageSize {
				s.listed++
				for _, r := range []*v1alpha1.GitRepo{repo("a", "1"), repo("gone", "1")} {
					if err := take(found{object: r}); err != nil {
						return page{}, err
					}
				}
				return page{}, errTooLarge // in the middle; meanwhile a is changed, and gone is deleted
			}
			return next(ctx, o, take)
		}
	}
	i, _ := s.feed(t, 10)
	g.Expect(s.from).To(Equal([]string{"2"}), "the watch goes on from the second attempt")
	g.Expect(i.kept()).To(ConsistOf("a2"))
}

// A page that is not the first is too large in its middle, and the list begins again.
func TestFeedFill_CountsWhatIsLeftOutOnce(t *testing.T) {
	g := NewWithT(t)
	s := &script{lists: [][]*v1alpha1.GitRepo{{repo("a", "1")}, {repo("a", "1")}, {repo("b", "1"), repo("c", "1")}}}
	s.before = func(f *reflector) {
		next, failed := f.fetch, false
		f.fetch = func(ctx context.Context, o metav1.ListOptions, take func(found) error) (page, error) {
			if o.Continue != "" && !failed {
				failed = true
				for _, r := range []*v1alpha1.GitRepo{repo("b", "1"), repo("c", "1")} {
					if err := take(found{object: r}); err != nil {
						return page{}, err
					}
				}
				return page{}, errTooLarge
			}
			p, err := next(ctx, o, take)
			if s.listed <= 2 {
				p.next = "more"
			}
			return p, err
		}
	}
	i, f := s.feed(t, 1)
	g.Expect(i.kept()).To(ConsistOf("a1"))
	g.Expect(f.limiter.leftOut()).To(Equal(2), "b and c")
}
