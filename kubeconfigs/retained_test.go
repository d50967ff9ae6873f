package kubeconfigs

import (
	"testing"

	. "github.com/onsi/gomega"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
)

// keeper is a handler that keeps something beside the objects that it is told of.
type keeper struct {
	*informer
	from *objectLimiter
	// keeps is what it keeps from the next event on, and kept what it keeps now.
	keeps, kept map[string]int
	gone        []string
}

func newKeeper(t *testing.T, limit int) *keeper {
	t.Helper()
	i, from := informerOf(1)
	from.limit = limit
	k := &keeper{informer: i, from: from, keeps: map[string]int{}, kept: map[string]int{}}
	from.budget.retained = func(member string, object client.Object) int {
		NewWithT(t).Expect(member).To(Equal("eu"))
		return k.kept[object.GetName()]
	}
	take := func(object any) {
		if r, ok := object.(*v1alpha1.GitRepo); ok {
			k.kept[r.Name] = k.keeps[r.Name]
		}
	}
	_, err := i.AddEventHandler(toolscache.ResourceEventHandlerFuncs{
		AddFunc: take, UpdateFunc: func(_, object any) { take(object) },
		DeleteFunc: func(object any) {
			name, _ := toolscache.DeletionHandlingObjectToName(object)
			delete(k.kept, name.Name)
			k.gone = append(k.gone, name.Name)
		},
	})
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	return k
}

func TestInformer_CountsWhatHandlersKeepBesideAnObject(t *testing.T) {
	g := NewWithT(t)
	k := newKeeper(t, 100)
	g.Expect(k.admit(k.from, repo("a", "1"), true, 100)).To(Succeed())
	g.Expect(k.from.units).To(Equal(1))
	k.keeps["a"] = 3 * unitSize
	g.Expect(k.admit(k.from, repo("a", "2"), false, 100)).To(Succeed())
	g.Expect(k.from.units).To(Equal(4))
	frees := k.from.admission.frees
	g.Expect(k.admit(k.from, repo("a", "3"), false, 100)).To(Succeed())
	g.Expect(k.from.units).To(Equal(4))
	g.Expect(k.from.admission.frees).To(Equal(frees), "no room was made")

	g.Expect(k.relist(repo("a", "3"))).To(Succeed())
	g.Expect(k.from.units).To(Equal(4), "a list that brings nothing new")
	g.Expect(k.relist(repo("a", "4"))).To(Succeed())
	g.Expect(k.from.units).To(Equal(4))

	k.keeps["b"] = 2 * unitSize
	g.Expect(k.relist(repo("a", "4"), repo("b", "1"))).To(Succeed())
	g.Expect(k.from.units).To(Equal(7), "what was there under an earlier engagement")

	k.keeps["a"] = 0
	g.Expect(k.admit(k.from, repo("a", "5"), false, 100)).To(Succeed())
	g.Expect(k.from.units).To(Equal(4))
	g.Expect(k.from.admission.frees).To(BeNumerically(">", frees))
	g.Expect(k.withdraw(k.from, client.ObjectKeyFromObject(repo("b", "1")), nil)).To(Succeed())
	g.Expect(k.from.units).To(Equal(1))
}

// relist takes in a list of so many objects of 100 bytes.
func (k *keeper) relist(objects ...*v1alpha1.GitRepo) error {
	l := k.from.list(listKind{})
	for _, object := range objects {
		if err := k.offer(l, object, 100); err != nil {
			return err
		}
	}
	return k.complete(l)
}

func TestInformer_LeavesOutAnObjectBesideWhichTooMuchIsKept(t *testing.T) {
	for name, again := range map[string]func(k *keeper, version string) error{
		"by a watch": func(k *keeper, version string) error { return k.admit(k.from, repo("a", version), version == "1", 100) },
		"by a list":  func(k *keeper, version string) error { return k.relist(repo("a", version)) },
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			k := newKeeper(t, 2)
			g.Expect(again(k, "1")).To(Succeed())
			k.keeps["a"] = 2 * unitSize
			g.Expect(again(k, "2")).To(Succeed())
			g.Expect(k.gone).To(Equal([]string{"a"}))
			g.Expect(k.kept).To(BeEmpty())
			g.Expect(k.from.units).To(BeZero())
			g.Expect(k.from.leftOut()).To(Equal(1))
		})
	}
}
