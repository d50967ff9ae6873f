package kubeconfigs

import (
	"fmt"
	"sync"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	toolscache "k8s.io/client-go/tools/cache"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
)

// limitedMember is an informer of a member with its limiter, in a fleet, and what a handler is told.
type limitedMember struct {
	*informer
	from  *objectLimiter
	told  told
	hides []bool
}

func newLimitedMember(g *WithT, fleet *budget, name string, limit int) *limitedMember {
	m := &limitedMember{informer: newInformer(&v1alpha1.GitRepo{})}
	m.addReflector(&reflector{into: m.informer})
	m.from = limited(m.informer, limit)
	m.from.budget, m.from.member = fleet, name
	_, err := m.AddEventHandler(m.told.handler())
	g.Expect(err).NotTo(HaveOccurred())
	_, err = m.AddEventHandler(toolscache.ResourceEventHandlerFuncs{DeleteFunc: func(o any) {
		m.hides = append(m.hides, m.informer.hides(keyOf(o)))
	}})
	g.Expect(err).NotTo(HaveOccurred())
	return m
}

func newFleetOf(limit int) *budget {
	return newBudget(limit, clocktesting.NewFakeClock(time.Unix(1e9, 0)))
}

func TestWhatIsEvictedForOthersIsToldAsHidden(t *testing.T) {
	g := NewWithT(t)
	fleet := newFleetOf(3)
	fat, thin := newLimitedMember(g, fleet, "fat", 10), newLimitedMember(g, fleet, "thin", 10)
	g.Expect(replace(fat.from, "", list(repo("a", "1"), repo("b", "1"), repo("c", "1")), true)).To(Succeed())
	fat.told = nil
	g.Expect(thin.admit(thin.from, repo("x", "1"), true, 0)).To(Succeed())
	g.Expect(fat.told).To(Equal(told{"delete unknown team/c"}))
	g.Expect(fat.hides).To(Equal([]bool{true}))
	g.Expect(fat.kept()).To(ConsistOf("a1", "b1"))
	g.Expect(fat.informer.hides(keyOf(repo("c", "1")))).To(BeFalse(), "it has been told")

	g.Expect(fat.admit(fat.from, repo("c", "2"), false, 0)).To(Succeed())
	g.Expect(fat.withdraw(fat.from, keyOf(repo("c", "1")), repo("c", "3"))).To(Succeed())
	g.Expect(fat.told).To(Equal(told{"delete unknown team/c", "delete c3"}))
	g.Expect(fat.withdraw(fat.from, keyOf(repo("b", "1")), repo("b", "3"))).To(Succeed())
	g.Expect(fat.hides).To(Equal([]bool{true, false, false}), "these are deleted")
}

func TestWhatAnObjectOutgrowsIsToldAsHidden(t *testing.T) {
	g := NewWithT(t)
	m := newLimitedMember(g, newFleetOf(10), "eu", 2)
	g.Expect(replace(m.from, "", list(repo("a", "1"), repo("b", "1")), true)).To(Succeed())
	g.Expect(m.admit(m.from, repo("a", "2"), false, unitSize)).To(Succeed())
	g.Expect(m.kept()).To(ConsistOf("a2"))
	g.Expect(m.admit(m.from, repo("a", "3"), false, 2*unitSize)).To(Succeed())
	g.Expect(m.kept()).To(BeEmpty())
	g.Expect(m.hides).To(Equal([]bool{true, true}))
}

func TestAListTakesNoMemoryForWhatIsKept(t *testing.T) {
	g := NewWithT(t)
	m := newLimitedMember(g, newFleetOf(10), "eu", 10)
	a, b := repo("a", "1"), repo("b", "1")
	g.Expect(replace(m.from, "", list(a, b), true)).To(Succeed())
	m.told = nil

	l := m.from.list(listKind{})
	g.Expect(m.offer(l, repo("a", "1"), 0)).To(Succeed())
	g.Expect(m.offer(l, repo("b", "2"), 0)).To(Succeed())
	g.Expect(m.offer(l, repo("c", "1"), 0)).To(Succeed())
	stored, _, _ := m.store.GetByKey("team/a")
	g.Expect(stored).To(BeIdenticalTo(a), "what has not changed is kept once")
	g.Expect(m.kept()).To(ConsistOf("a1", "b2"), "what has changed is replaced at once")
	g.Expect(m.complete(l)).To(Succeed())
	g.Expect(m.told).To(Equal(told{"update b1 b2", "add c1 false"}))

	restored := repo("a", "1")
	restored.Spec.Repository = "acme/other"
	g.Expect(m.admit(m.from, restored, false, 0)).To(Succeed())
	g.Expect(m.told).To(ContainElement("update a1 a1"), "versions are used twice after a restore")
}

func TestMembersThatCompeteHoldNoMoreThanTheFleetMay(t *testing.T) {
	g := NewWithT(t)
	const limit = 200
	fleet := newFleetOf(limit)
	var members []*limitedMember
	var group sync.WaitGroup
	for n := range 4 {
		m := newLimitedMember(g, fleet, fmt.Sprint(n), 150)
		members = append(members, m)
		group.Go(func() {
			for round := range 20 {
				var objects []*v1alpha1.GitRepo
				for at := range 150 {
					objects = append(objects, repo(fmt.Sprintf("r%d", at+round%3), fmt.Sprint(round)))
				}
				if err := replace(m.from, "", list(objects...), round == 0); err != nil {
					t.Error(err)
				}
				for at := range 50 {
					if err := m.admit(m.from, repo(fmt.Sprintf("w%d", at), fmt.Sprint(round)), true, 0); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	group.Wait()
	held := 0
	for _, m := range members {
		held += len(m.from.entries)
		var names []string
		for key, e := range m.from.entries {
			g.Expect(e.units).To(BeEquivalentTo(1))
			names = append(names, key.Name)
		}
		var stored []string
		for _, key := range m.store.ListKeys() {
			stored = append(stored, key[len("team/"):])
		}
		g.Expect(stored).To(ConsistOf(names), "the cache has what is admitted")
		g.Expect(m.from.units).To(Equal(len(names)))
	}
	g.Expect(held).To(Equal(fleet.units))
	g.Expect(held).To(BeNumerically("<=", limit))
	g.Expect(held).To(BeNumerically(">", limit*9/10))
}
