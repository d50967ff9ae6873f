package kubeconfigs

import (
	"fmt"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	toolscache "k8s.io/client-go/tools/cache"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
)

func called(namespace, name string) types.NamespacedName {
	return types.NamespacedName{Namespace: namespace, Name: name}
}

func TestOmitted_NamesSomeAndCountsAll(t *testing.T) {
	g := NewWithT(t)
	var told int
	clk := clocktesting.NewFakeClock(time.Now())
	o := &omitted{clock: clk, notify: func() { told++ }}
	var list omission
	for n := range 10 * omittedInAll {
		list.add(called("flood", fmt.Sprintf("status-%05d", n)), false)
	}
	list.add(called("team-a", "a"), false)
	list.add(called("team-b", "b"), false)
	list.add(called("flood", "known"), true)
	list.add(types.NamespacedName{}, false)
	o.replace(list)
	g.Expect(told).To(Equal(1))
	g.Expect(o.total()).To(Equal(10*omittedInAll + 4))
	g.Expect(len(o.names)).To(BeNumerically("<=", omittedPerNamespace+3))
	g.Expect(o.some(4)).To(ConsistOf(called("flood", "known"), called("team-a", "a"), called("team-b", "b"), called("flood", "status-00000")))
	g.Expect(o.has(called("flood", "known"))).To(BeTrue(), "whether it was deleted must be known")

	g.Expect(o.unset(called("team-a", "a"))).To(BeTrue())
	g.Expect(o.unset(called("team-a", "a"))).To(BeFalse())
	g.Expect(o.total()).To(Equal(10*omittedInAll + 3))
	g.Expect(o.relist()).To(BeFalse(), "not at once")
	clk.Step(relistPause)
	g.Expect(o.relist()).To(BeTrue(), "one without a name may have gone")
	o.replace(omission{})
	g.Expect(o.total()).To(BeZero())
	g.Expect(o.relist()).To(BeFalse())
}

// told is what handlers were told of an object that went.
func TestOmitted_ReadsAgainWhatWasOneTooMany(t *testing.T) {
	g := NewWithT(t)
	clk := clocktesting.NewFakePassiveClock(time.Now())
	o := &omitted{clock: clk, notify: func() {}}
	o.replace(omission{})
	o.set(called("team", "a"), false, true, errTooLarge)
	clk.SetTime(clk.Now().Add(relistPause))
	g.Expect(o.relist()).To(BeFalse())
	o.set(called("team", "b"), false, true, errCrowded)
	g.Expect(o.relist()).To(BeTrue())
	o.replace(omission{crowded: true})
	g.Expect(o.relist()).To(BeFalse(), "not at once")
	clk.SetTime(clk.Now().Add(relistPause))
	g.Expect(o.relist()).To(BeTrue())
	o.replace(omission{})
	clk.SetTime(clk.Now().Add(relistPause))
	g.Expect(o.relist()).To(BeFalse())
}

func (i *informer) tellGone(to *[]any) {
	_, _ = i.AddEventHandler(toolscache.ResourceEventHandlerFuncs{DeleteFunc: func(object any) { *to = append(*to, object) }})
}

func TestFeed_LeavesOutWhatCannotBeReadAndGoesOn(t *testing.T) {
	g := NewWithT(t)
	var gone []any
	bad := func(kind, name, version string) string {
		return `{"type":"` + kind + `","object":{"apiVersion":"commit-status.argoproj.io/v1alpha1","kind":"GitRepo","metadata":{"name":"` + name +
			`","namespace":"team","uid":"u","resourceVersion":"` + version + `"},"spec":{"repository":7}}}`
	}
	s := &script{lists: [][]*v1alpha1.GitRepo{{repo("a", "1"), repo("b", "1")}}}
	s.before = func(f *reflector) { f.into.tellGone(&gone) }
	s.watches = append(s.watches,
		body(bad("MODIFIED", "a", "5"), happening(t, "MODIFIED", of(repo("b", "6"))), bad("ADDED", "c", "7"), bad("ADDED", "d", "8"), bad("DELETED", "d", "9")),
	)
	i, f := s.feed(t, 10)
	g.Expect(s.from).To(Equal([]string{"1", "9"}))
	g.Expect(s.listed).To(Equal(1))
	g.Expect(i.kept()).To(ConsistOf("b6"))
	g.Expect(f.omitted.some(10)).To(ConsistOf(called("team", "a"), called("team", "c")))
	g.Expect(f.unreadable.trouble()).NotTo(HaveOccurred(), "the watch itself is in order")
	g.Expect(gone).To(HaveLen(2))
	g.Expect(gone[0]).To(BeAssignableToTypeOf(toolscache.DeletedFinalStateUnknown{}), "out of sight, not deleted")
	g.Expect(gone[1]).To(HaveField("Key", "team/d"), "deleted")

	s.watches = append(s.watches, body(happening(t, "MODIFIED", of(repo("a", "10"))), bad("DELETED", "c", "11"), happening(t, "ADDED", of(repo("c", "12")))))
	s.lists[0] = nil
	i, f = s.feed(t, 10)
	g.Expect(i.kept()).To(ConsistOf("a10", "c12"))
	g.Expect(f.omitted.total()).To(BeZero())

	s.watches = append(s.watches, body(bad("DELETED", "b", "13")))
	s.lists[0], gone = []*v1alpha1.GitRepo{repo("b", "1")}, nil
	i, _ = s.feed(t, 10)
	g.Expect(i.kept()).To(BeEmpty())
	g.Expect(gone).To(ConsistOf(HaveField("Name", "b")), "that it is deleted is plain enough")
}

func TestFeed_TakesAListWithObjectsThatCannotBeRead(t *testing.T) {
	g := NewWithT(t)
	var gone []any
	s := &script{lists: [][]*v1alpha1.GitRepo{{repo("a", "1"), repo("b", "1")}, {repo("b", "1")}}}
	s.before = func(f *reflector) { f.into.tellGone(&gone) }
	s.omit = func(p *wholePage) {
		if s.listed == 2 {
			p.objects = append(p.objects, found{name: called("team", "a"), err: errTooMany})
		}
	}
	s.watches = append(s.watches, body("nonsense"))
	i, f := s.feed(t, 10)
	g.Expect(i.kept()).To(ConsistOf("b1"))
	g.Expect(f.omitted.has(called("team", "a"))).To(BeTrue())
	g.Expect(gone).To(HaveLen(1))
}

// A GitRepo becomes one that cannot be read, and is then deleted.
func TestFeedTake_TellsThatWhatCouldNotBeReadWasDeleted(t *testing.T) {
	g := NewWithT(t)
	s := &script{lists: [][]*v1alpha1.GitRepo{{repo("a", "1")}}}
	bad := `{"type":"MODIFIED","object":{"apiVersion":"commit-status.argoproj.io/v1alpha1","kind":"GitRepo",` +
		`"metadata":{"name":"a","namespace":"team","uid":"u","resourceVersion":"7"},"spec":{"repository":7}}}`
	s.watches = append(s.watches, body(bad, happening(t, "DELETED", of(repo("a", "8")))))
	var heard told
	s.handler = heard.handler()
	_, f := s.feed(t, 10)
	g.Expect(f.omitted.total()).To(BeZero())
	g.Expect(heard).To(HaveExactElements("add a1 true", "delete unknown team/a", ContainSubstring("delete a8")), "hidden first, and then gone")
}

// An object that was let in becomes one whose name cannot be read.
func TestFeedFill_TakesNothingForDeletedBesideWhatHasNoName(t *testing.T) {
	g := NewWithT(t)
	s := &script{lists: [][]*v1alpha1.GitRepo{{repo("a", "1"), repo("b", "1")}, {repo("b", "1")}}}
	s.watches = append(s.watches, refused(apierrors.NewResourceExpired("compacted")))
	s.omit = func(p *wholePage) {
		if s.listed > 1 {
			p.objects = append(p.objects, found{err: errTooMany})
		}
	}
	var hidden []bool
	s.before = func(f *reflector) {
		_, _ = f.into.AddEventHandler(toolscache.ResourceEventHandlerFuncs{DeleteFunc: func(any) {
			hidden = append(hidden, f.into.hides(called("team", "a")))
		}})
	}
	i, _ := s.feed(t, 10)
	g.Expect(i.kept()).To(ConsistOf("b1"))
	g.Expect(hidden).To(Equal([]bool{true}), "or the hub cancels what it shows")
}
