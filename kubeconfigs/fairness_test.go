package kubeconfigs

import (
	"fmt"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
)

// inEach makes so many objects of each namespace. The first namespaces have the oldest.
func inEach(namespaces []string, counts []int) (objects []*v1alpha1.CommitStatus) {
	at := 1
	for n, namespace := range namespaces {
		for range counts[n] {
			objects = append(objects, bornIn(namespace, at))
			at++
		}
	}
	return objects
}

func TestTheNamespaceThatHoldsMostIsLeftOutFirst(t *testing.T) {
	abc := []string{"a", "b", "c"}
	for name, c := range map[string]struct {
		counts []int
		large  string // the namespace whose objects have 16 units
		limit  int
		in     map[string]int
	}{
		"one of many leaves the others alone": {[]int{1000, 5, 1}, "", 20, map[string]int{"a": 14, "b": 5, "c": 1}},
		"it is not the youngest that is":      {[]int{1, 5, 1000}, "", 20, map[string]int{"a": 1, "b": 5, "c": 14}},
		"two of many share what is left":      {[]int{1000, 500, 3}, "", 23, map[string]int{"a": 10, "b": 10, "c": 3}},
		"units count, not objects":            {[]int{769, 30, 2}, "a", 64, map[string]int{"a": 2, "b": 30, "c": 2}},
		"all fit":                             {[]int{10, 5, 5}, "", 20, map[string]int{"a": 10, "b": 5, "c": 5}},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			size := func(o *v1alpha1.CommitStatus) int {
				if o.Namespace == c.large {
					return 15 * unitSize
				}
				return 0
			}
			listed := newIntakeTest(c.limit)
			objects := inEach(abc, c.counts)
			for range 5 {
				listed.listAll(size, objects...)
				g.Expect(listed.counts()).To(Equal(c.in))
				g.Expect(listed.leftOut()).To(Equal(len(objects) - len(listed.entries)))
			}
			watched := newIntakeTest(c.limit)
			watched.listAll(size)
			for _, o := range objects {
				watched.admit(o, true, size(o))
			}
			g.Expect(watched.counts()).To(Equal(c.in), "by a watch")
			g.Expect(watched.leftOut()).To(Equal(len(objects) - len(watched.entries)))
			name, _ := watched.holdsMost()
			g.Expect(watched.units).To(BeNumerically("<=", c.limit))
			g.Expect(c.in[name]).To(BeNumerically(">=", 2))
		})
	}
}

func TestANewObjectOfASmallNamespaceIsLetInAtOnce(t *testing.T) {
	g := NewWithT(t)
	i := newIntakeTest(3)
	i.listAll(small, those(1, 2, 3, 4)...)
	ok, out := i.objectLimiter.admit(bornIn("team-b", 5), true, 0)
	g.Expect(ok).To(BeTrue())
	g.Expect(out.evicted).To(HaveExactElements(HaveField("Name", "status-3")), "the newest of the other")
	g.Expect(i.leftOut()).To(Equal(2))
	g.Expect(i.admit(bornIn("team-b", 6), true, 0)).To(BeFalse(), "it holds as much as the other then")
	g.Expect(i.admit(bornIn("team-c", 7), true, 0)).To(BeTrue())
	g.Expect(i.counts()).To(Equal(map[string]int{"team-a": 1, "team-b": 1, "team-c": 1}))
	g.Expect(i.admit(bornIn("team-d", 8), true, 0)).To(BeFalse(), "of equals the newest")
	g.Expect(i.admit(bornIn("team-0", 7), true, 0)).To(BeFalse(), "even if it claims to be of the same second")
}

func TestAListThatRepeatsANameCountsItOnce(t *testing.T) {
	g := NewWithT(t)
	i := newIntakeTest(2)
	i.listAll(small, those(1, 2)...)
	l := i.list(listKind{})
	for range 100_000 {
		for _, o := range those(1, 2, 3) {
			l.offer(o, 0, 0)
		}
	}
	g.Expect(l.pending).To(BeEmpty())
	_, gone, _ := l.end()
	g.Expect(gone).To(BeEmpty())
	g.Expect(i.units).To(Equal(2))
	g.Expect(i.holdings()).To(ConsistOf("status-1", "status-2"))

	l = i.list(listKind{})
	later := born(9)
	later.UID = "later"
	for _, o := range []*v1alpha1.CommitStatus{born(9), later} {
		i.remove(born(1))
		l.offer(o, 0, 0)
	}
	pending, _, _ := l.end()
	g.Expect(pending).To(HaveExactElements(HaveField("GetUID()", BeEmpty())), "the first")
}

func TestObjectsOfOtherNamespacesThanAskedForAreNotTaken(t *testing.T) {
	g := NewWithT(t)
	i := newIntakeTest(10)
	i.namespace = "team-a"
	g.Expect(i.admit(bornIn("team-b", 1), true, 0)).To(BeFalse())
	i.listAll(small, bornIn("team-b", 1), bornIn("team-a", 2))
	g.Expect(i.counts()).To(Equal(map[string]int{"team-a": 1}))
	g.Expect(i.leftOut()).To(BeZero())
}

func TestNamespacesThatAreListedOneByOneShareALimit(t *testing.T) {
	g := NewWithT(t)
	a := newIntakeTest(10)
	a.namespace = "a"
	b := &intakeTest{objectLimiter: &objectLimiter{admission: a.admission, namespace: "b"}, clock: a.clock}
	a.listAll(small, inEach([]string{"a"}, []int{20})...)
	g.Expect(a.counts()).To(Equal(map[string]int{"a": 10}), "there is no other yet")
	b.listAll(small, inEach([]string{"b"}, []int{3})...)
	g.Expect(a.counts()).To(Equal(map[string]int{"a": 7, "b": 3}))
	g.Expect([]int{a.leftOut(), b.leftOut()}).To(Equal([]int{13, 0}))

	b.listAll(small)
	a.clock.Step(relistPause)
	g.Expect(a.relist()).To(BeTrue(), "the other has made room")
	g.Expect(b.relist()).To(BeFalse())
}

func TestTheMemberThatHoldsMostIsLeftOutFirst(t *testing.T) {
	g := NewWithT(t)
	clk := clocktesting.NewFakeClock(time.Unix(1e9, 0))
	fleet := newBudget(100, clk)
	fat, also, thin := intakeIn(fleet, clk, "fat", 1000), intakeIn(fleet, clk, "also", 1000), intakeIn(fleet, clk, "thin", 1000)
	held := func() []int { return []int{len(fat.entries), len(also.entries), len(thin.entries)} }

	fat.listAll(small, inEach([]string{"a", "b"}, []int{300, 20})...)
	g.Expect(held()).To(Equal([]int{100, 0, 0}))
	g.Expect(fat.counts()).To(Equal(map[string]int{"a": 80, "b": 20}))
	thin.listAll(small, inEach([]string{"a"}, []int{10})...)
	g.Expect(held()).To(Equal([]int{90, 0, 10}))
	also.listAll(small, inEach([]string{"a"}, []int{300})...)
	g.Expect(held()).To(Equal([]int{45, 45, 10}))
	g.Expect(thin.admit(bornIn("c", 1000), true, 0)).To(BeTrue(), "at once")
	g.Expect(fleet.units).To(Equal(100))
	g.Expect([]int{fat.leftOut() + len(fat.entries), also.leftOut() + len(also.entries), thin.leftOut()}).To(Equal([]int{320, 300, 0}))
	g.Expect([]int{fat.told, also.told, thin.told}).To(Equal([]int{1, 1, 0}))

	clk.Step(relistPause)
	g.Expect(fat.relist()).To(BeFalse())
	also.end()
	g.Expect(fat.relist()).To(BeTrue(), "the other has gone")
	g.Expect(thin.relist()).To(BeFalse())
	fat.listAll(small, inEach([]string{"a", "b"}, []int{300, 20})...)
	g.Expect(held()).To(Equal([]int{89, 0, 11}))
	thin.end()
	fat.end()
	g.Expect(fleet.units).To(BeZero())
	g.Expect(fleet.holders).To(BeEmpty())
}

func TestAListThatIsGivenUpGivesBackWhatItHeld(t *testing.T) {
	g := NewWithT(t)
	i := newIntakeTest(10)
	i.listAll(small, those(1, 2)...)
	l := i.list(listKind{})
	for _, o := range those(1, 3, 4) {
		l.offer(o, 0, 0)
	}
	g.Expect(i.budget.units).To(Equal(4), "what waits for the end of a list counts")
	l.abandon()
	g.Expect(i.budget.units).To(Equal(2))
	g.Expect(i.holdings()).To(ConsistOf("status-1", "status-2"))
	i.listAll(small, those(1)...)
	l.abandon()
	g.Expect(i.holdings()).To(ConsistOf("status-1"))
}

func TestTheLimitOfAFleetFollowsTheMemoryLimit(t *testing.T) {
	for _, c := range []struct {
		memory int64
		limit  int
	}{{1<<63 - 1, DefaultFleetLimit}, {1_024_000_000, 125_000}, {16_384_000_000, 2_000_000}, {1, 1}} {
		t.Run(fmt.Sprint(c.memory), func(t *testing.T) {
			NewWithT(t).Expect(unitsIn(c.memory)).To(Equal(c.limit))
		})
	}
}
