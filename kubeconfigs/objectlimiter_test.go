package kubeconfigs

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clocktesting "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
)

// bornIn makes an object of a namespace and of the n-th second.
func bornIn(namespace string, n int) *v1alpha1.CommitStatus {
	return &v1alpha1.CommitStatus{ObjectMeta: metav1.ObjectMeta{
		Namespace: namespace, Name: fmt.Sprintf("status-%d", n), CreationTimestamp: metav1.Unix(int64(n), 0),
	}}
}

// born makes an object of the n-th second.
func born(n int) *v1alpha1.CommitStatus { return bornIn("team-a", n) }

// intakeTest is the limiter of a member, and how often it told.
type intakeTest struct {
	*objectLimiter
	clock *clocktesting.FakeClock
	told  int
}

func newIntakeTest(limit int) *intakeTest {
	clk := clocktesting.NewFakeClock(time.Unix(1e9, 0))
	return intakeIn(newBudget(1000, clk), clk, "eu", limit)
}

// intakeIn is the limiter of a member of a fleet.
func intakeIn(b *budget, clk *clocktesting.FakeClock, member string, limit int) *intakeTest {
	t := &intakeTest{clock: clk}
	t.objectLimiter = &objectLimiter{admission: newAdmission(b, member, reflect.TypeFor[*v1alpha1.CommitStatus](), limit, func() { t.told++ })}
	return t
}

// admit is limiter.admit without what it causes elsewhere.
func (t *intakeTest) admit(object *v1alpha1.CommitStatus, added bool, size int) bool {
	ok, out := t.objectLimiter.admit(object, added, size)
	_ = out.deliver()
	return ok
}

func (t *intakeTest) remove(object *v1alpha1.CommitStatus) bool {
	was, out := t.objectLimiter.remove(client.ObjectKeyFromObject(object))
	_ = out.deliver()
	return was == wasKept
}

// list has objects listed, in random order.
func (t *intakeTest) listAll(size func(*v1alpha1.CommitStatus) int, objects ...*v1alpha1.CommitStatus) {
	l := t.list(listKind{})
	for _, at := range rand.Perm(len(objects)) {
		_, out := l.offer(objects[at], size(objects[at]), 0)
		_ = out.deliver()
	}
	_, gone, out := l.end()
	for _, name := range gone {
		t.lose(name)
	}
	_ = out.deliver()
}

func small(*v1alpha1.CommitStatus) int { return 0 }

// those makes the objects of these seconds.
func those(seconds ...int) (objects []*v1alpha1.CommitStatus) {
	for _, n := range seconds {
		objects = append(objects, born(n))
	}
	return objects
}

func (t *intakeTest) holdings() []string {
	var out []string
	for name := range t.entries {
		out = append(out, name.Name)
	}
	return out
}

// counts are how many objects are held of each namespace.
func (t *intakeTest) counts() map[string]int {
	out := map[string]int{}
	for name := range t.entries {
		out[name.Namespace]++
	}
	return out
}

func TestTheOldestObjectsThatFitAreLetIn(t *testing.T) {
	for name, c := range map[string]struct {
		sizes map[string]int
		in    []string
		left  int
	}{
		"small ones":                         {nil, []string{"status-1", "status-2", "status-3"}, 2},
		"a large one takes the room of more": {map[string]int{"status-2": unitSize}, []string{"status-1", "status-2"}, 3},
		"what is younger than one that does not fit is left out, though it would fit": {
			map[string]int{"status-3": 2 * unitSize}, []string{"status-1", "status-2"}, 3,
		},
		"one that is larger than the limit is in nobody's way": {
			map[string]int{"status-1": 3 * unitSize}, []string{"status-2", "status-3", "status-4"}, 2,
		},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			i := newIntakeTest(3)
			for range 20 {
				i.listAll(func(o *v1alpha1.CommitStatus) int { return c.sizes[o.Name] }, those(1, 2, 3, 4, 5)...)
				g.Expect(i.holdings()).To(ConsistOf(c.in))
				g.Expect(i.leftOut()).To(Equal(c.left))
			}
			g.Expect(i.told).To(Equal(1))
		})
	}
}

func TestWhatComesBeyondTheLimitIsLeftOut(t *testing.T) {
	g := NewWithT(t)
	i := newIntakeTest(2)
	i.listAll(small, those(1)...)
	g.Expect(i.admit(born(2), true, 0)).To(BeTrue())
	g.Expect(i.told).To(BeZero())
	g.Expect(i.admit(born(3), true, 0)).To(BeFalse())
	g.Expect(i.told).To(Equal(1))
	g.Expect(i.admit(born(3), false, 0)).To(BeFalse(), "it is changed")
	g.Expect(i.admit(born(1), false, 0)).To(BeTrue(), "those inside are followed")
	g.Expect(i.leftOut()).To(Equal(1))

	g.Expect(i.remove(born(3))).To(BeFalse())
	g.Expect(i.leftOut()).To(BeZero())
	for n := range 100 {
		i.admit(born(10+n), true, unitSize)
		i.remove(born(10 + n))
	}
	g.Expect(i.told).To(Equal(1), "one that is made and deleted all the time is not told of each time")
	i.clock.Step(relistPause)
	i.settle().notify[0]()
	g.Expect(i.told).To(Equal(2))
	g.Expect(i.isCrowded()).To(BeFalse())
	g.Expect(i.remove(born(1))).To(BeTrue())
	g.Expect(i.admit(born(4), true, 0)).To(BeTrue(), "there is room again")
}

func TestRoomForWhatIsLeftOutCallsForAnotherList(t *testing.T) {
	g := NewWithT(t)
	i := newIntakeTest(2)
	i.listAll(small, those(1, 2, 3)...)
	i.clock.Step(time.Hour)
	g.Expect(i.relist()).To(BeFalse(), "it would bring the same")

	g.Expect(i.remove(born(1))).To(BeTrue())
	g.Expect(i.admit(born(4), true, 0)).To(BeFalse(), "an older one waits")
	g.Expect(i.relist()).To(BeTrue())
	i.listAll(small, those(2, 3, 4)...)
	g.Expect(i.holdings()).To(ConsistOf("status-2", "status-3"))

	i.remove(born(2))
	g.Expect(i.relist()).To(BeFalse(), "not so soon again")
	i.clock.Step(relistPause)
	g.Expect(i.relist()).To(BeTrue())
}

func TestAnObjectThatGrowsLeavesNoMoreThanTheLimit(t *testing.T) {
	g := NewWithT(t)
	i := newIntakeTest(3)
	i.listAll(small, those(1, 2, 3)...)
	g.Expect(i.admit(born(1), false, unitSize)).To(BeTrue())
	g.Expect(i.holdings()).To(ConsistOf("status-1", "status-2"))
	g.Expect(i.leftOut()).To(Equal(1))
	g.Expect(i.admit(born(1), false, 0)).To(BeTrue())
	i.clock.Step(relistPause)
	g.Expect(i.relist()).To(BeTrue(), "it has shrunk")
}
