package kubeconfigs

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	toolscache "k8s.io/client-go/tools/cache"
	clocktesting "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
)

// told is what a handler was told, in order.
type told []string

// handler notes what it is told.
func (h *told) handler() toolscache.ResourceEventHandler {
	name := func(object any) string {
		if last, ok := object.(toolscache.DeletedFinalStateUnknown); ok {
			return "unknown " + last.Key
		}
		repo, _ := object.(*v1alpha1.GitRepo)
		return repo.Name + repo.ResourceVersion
	}
	return toolscache.ResourceEventHandlerDetailedFuncs{
		AddFunc:    func(o any, initial bool) { *h = append(*h, fmt.Sprintf("add %s %t", name(o), initial)) },
		UpdateFunc: func(before, o any) { *h = append(*h, "update "+name(before)+" "+name(o)) },
		DeleteFunc: func(o any) { *h = append(*h, "delete "+name(o)) },
	}
}

// repo is the GitRepo by a name at a version.
func repo(name, version string) *v1alpha1.GitRepo {
	return &v1alpha1.GitRepo{ObjectMeta: metav1.ObjectMeta{Namespace: "team", Name: name, UID: "u", ResourceVersion: version}}
}

// elsewhere is a GitRepo in another namespace.
func elsewhere(name, version string) *v1alpha1.GitRepo {
	r := repo(name, version)
	r.Namespace = "other"
	return r
}

func list(repos ...*v1alpha1.GitRepo) (objects []client.Object) {
	for _, r := range repos {
		objects = append(objects, r)
	}
	return objects
}

// limited is a limiter of its own that fills an informer.
func limited(i *informer, limit int) *objectLimiter {
	clk := clocktesting.NewFakeClock(time.Unix(1e9, 0))
	return &objectLimiter{into: i, admission: newAdmission(newBudget(1000, clk), "eu", reflect.TypeOf(i.kind), limit, func() {})}
}

// informerOf is an informer of GitRepos with so many reflectors.
func informerOf(feeds int) (*informer, *objectLimiter) {
	i := newInformer(&v1alpha1.GitRepo{})
	for range feeds {
		i.addReflector(&reflector{into: i})
	}
	return i, limited(i, 100)
}

// replace has a list of a namespace, or of all for "", taken in.
func replace(from *objectLimiter, namespace string, objects []client.Object, first bool) error {
	return replaceBy(listKind{}, from, namespace, objects, first)
}

func replaceBy(kind listKind, from *objectLimiter, namespace string, objects []client.Object, first bool) error {
	from.namespace = namespace
	l := from.list(kind)
	for _, object := range objects {
		if err := from.into.offer(l, object, 0); err != nil {
			return err
		}
	}
	if err := from.into.complete(l); err != nil {
		return err
	}
	if first {
		from.into.listed()
	}
	return nil
}

// kept are the objects in the store.
func (i *informer) kept() (names []string) {
	for _, object := range i.store.List() {
		repo, _ := object.(*v1alpha1.GitRepo)
		names = append(names, repo.Name+repo.ResourceVersion)
	}
	return names
}

func TestAHandlerIsToldOfWhatChanges(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*objectLimiter) error
		told   told
		left   []string
	}{
		"an object that comes":    {func(i *objectLimiter) error { return i.into.admit(i, repo("c", "1"), true, 0) }, told{"add c1 false"}, []string{"a1", "b1", "z1", "c1"}},
		"one that changes":        {func(i *objectLimiter) error { return i.into.admit(i, repo("b", "2"), true, 0) }, told{"update b1 b2"}, []string{"a1", "b2", "z1"}},
		"one that does not":       {func(i *objectLimiter) error { return i.into.admit(i, repo("b", "1"), true, 0) }, nil, []string{"a1", "b1", "z1"}},
		"one that goes":           {func(i *objectLimiter) error { return i.into.withdraw(i, keyOf(repo("b", "1")), repo("b", "2")) }, told{"delete b2"}, []string{"a1", "z1"}},
		"one that was not there":  {func(i *objectLimiter) error { return i.into.withdraw(i, keyOf(repo("d", "1")), repo("d", "2")) }, nil, []string{"a1", "b1", "z1"}},
		"a list of its namespace": {func(i *objectLimiter) error { return replace(i, "team", list(repo("c", "3"), repo("a", "1")), false) }, told{"add c3 false", "delete unknown team/b"}, []string{"a1", "c3", "z1"}},
		"a list of all":           {func(i *objectLimiter) error { return replace(i, "", list(repo("b", "2"), repo("a", "1")), false) }, told{"update b1 b2", "delete unknown other/z"}, []string{"a1", "b2"}},
		"a list after a restore": {func(i *objectLimiter) error {
			return replaceBy(listKind{restored: true}, i, "team", list(repo("a", "1"), repo("b", "0")), false)
		}, told{"update a1 a1", "update b1 b0"}, []string{"a1", "b0", "z1"}},
		"a namespace's late first list": {func(i *objectLimiter) error {
			return replaceBy(listKind{late: true}, i, "team", list(repo("a", "1"), repo("b", "1"), repo("c", "1")), false)
		}, told{"add c1 true"}, []string{"a1", "b1", "z1", "c1"}},
		"one created anew": {func(i *objectLimiter) error {
			other := repo("b", "1")
			other.UID = "v"
			return i.into.admit(i, other, true, 0)
		}, told{"update b1 b1"}, []string{"a1", "b1", "z1"}},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			i, from := informerOf(1)
			g.Expect(replace(from, "", list(repo("a", "1"), repo("b", "1"), elsewhere("z", "1")), true)).To(Succeed())
			var heard told
			_, err := i.AddEventHandler(heard.handler())
			g.Expect(err).NotTo(HaveOccurred())
			heard = nil
			g.Expect(tt.change(from)).To(Succeed())
			g.Expect(heard).To(Equal(tt.told))
			g.Expect(i.kept()).To(ConsistOf(tt.left))
		})
	}
}

func TestAHandlerIsSyncedOnceItHasBeenToldTheFirstLists(t *testing.T) {
	g := NewWithT(t)
	i, from := informerOf(2)
	var early, late, removed told
	first, err := i.AddEventHandler(early.handler())
	g.Expect(err).NotTo(HaveOccurred())
	gone, err := i.AddEventHandlerWithResyncPeriod(removed.handler(), 0)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(i.RemoveEventHandler(gone)).To(Succeed())

	g.Expect(replace(from, "team", list(repo("a", "1")), true)).To(Succeed())
	g.Expect(replace(from, "team", list(repo("a", "1")), false)).To(Succeed())
	g.Expect(first.HasSynced()).To(BeFalse(), "the other namespace has not been listed yet")
	g.Expect(first.HasSyncedChecker().Done()).NotTo(BeClosed())
	g.Expect(replace(from, "other", list(elsewhere("z", "1")), true)).To(Succeed())
	g.Expect(first.HasSynced()).To(BeTrue())
	g.Expect(first.HasSyncedChecker().Done()).To(BeClosed())
	g.Expect(early).To(Equal(told{"add a1 true", "add z1 true"}))

	second, err := i.AddEventHandlerWithOptions(late.handler(), toolscache.HandlerOptions{})
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(late).To(ConsistOf("add a1 true", "add z1 true"), "before it returns")
	g.Expect(second.HasSynced()).To(BeTrue())
	g.Expect(removed).To(BeEmpty())

	i.stop()
	_, err = i.AddEventHandler(late.handler())
	g.Expect(err).To(HaveOccurred())
}

// keyOf is the name of what a handler was told.
func keyOf(object any) client.ObjectKey {
	if last, ok := object.(toolscache.DeletedFinalStateUnknown); ok {
		object = last.Obj
	}
	repo, _ := object.(*v1alpha1.GitRepo)
	return client.ObjectKeyFromObject(repo)
}
