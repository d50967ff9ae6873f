package kubeconfigs

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
)

// born makes an object of the n-th second.
func born(n int) *v1alpha1.CommitStatus {
	return &v1alpha1.CommitStatus{ObjectMeta: metav1.ObjectMeta{
		Namespace: "team-a", Name: fmt.Sprintf("status-%d", n), CreationTimestamp: metav1.Unix(int64(n), 0),
	}}
}

// intakeTest is an intake, and how often it told.
type intakeTest struct {
	*intake
	clock *clocktesting.FakeClock
	told  int
}

func newIntakeTest(limit int) *intakeTest {
	t := &intakeTest{clock: clocktesting.NewFakeClock(time.Unix(1e9, 0))}
	t.intake = newIntake(limit, t.clock, func() { t.told++ })
	return t
}

// list has the objects of these seconds listed, in random order. The larger ones are
// given with their size.
func (t *intakeTest) list(seconds []int, sizes map[int]int) {
	chosen := t.choose()
	for _, at := range rand.Perm(len(seconds)) {
		chosen.add(born(seconds[at]), sizes[seconds[at]])
	}
	t.take(chosen)
}

func (t *intakeTest) holds() []string {
	var out []string
	for name := range t.admitted {
		out = append(out, name.Name)
	}
	return out
}

func TestTheOldestObjectsThatFitAreLetIn(t *testing.T) {
	for name, c := range map[string]struct {
		sizes map[int]int
		in    []string
		left  int
	}{
		"small ones":                         {nil, []string{"status-1", "status-2", "status-3"}, 2},
		"a large one takes the room of more": {map[int]int{2: unitSize}, []string{"status-1", "status-2"}, 3},
		"what is younger than one that does not fit is left out, though it would fit": {
			map[int]int{3: 5 * unitSize}, []string{"status-1", "status-2"}, 3,
		},
		"the very oldest is too large": {map[int]int{1: 3 * unitSize}, nil, 5},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			i := newIntakeTest(3)
			for range 20 {
				i.list([]int{1, 2, 3, 4, 5}, c.sizes)
				g.Expect(i.holds()).To(ConsistOf(c.in))
				g.Expect(i.leftOut()).To(Equal(c.left))
			}
			g.Expect(i.told).To(Equal(1))
		})
	}
}

func TestWhatComesBeyondTheLimitIsLeftOut(t *testing.T) {
	g := NewWithT(t)
	i := newIntakeTest(2)
	i.list([]int{1}, nil)
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
	i.settle()
	g.Expect(i.told).To(Equal(2))
	g.Expect(i.isCrowded()).To(BeFalse())
	g.Expect(i.remove(born(1))).To(BeTrue())
	g.Expect(i.admit(born(4), true, 0)).To(BeTrue(), "there is room again")
}

func TestRoomForWhatIsLeftOutCallsForAnotherList(t *testing.T) {
	g := NewWithT(t)
	i := newIntakeTest(2)
	i.list([]int{1, 2, 3}, nil)
	i.clock.Step(time.Hour)
	g.Expect(i.relist()).To(BeFalse(), "it would bring the same")

	g.Expect(i.remove(born(1))).To(BeTrue())
	g.Expect(i.admit(born(4), true, 0)).To(BeFalse(), "an older one waits")
	g.Expect(i.relist()).To(BeTrue())
	i.list([]int{2, 3, 4}, nil)
	g.Expect(i.holds()).To(ConsistOf("status-2", "status-3"))

	i.remove(born(2))
	g.Expect(i.relist()).To(BeFalse(), "not so soon again")
	i.clock.Step(relistPause)
	g.Expect(i.relist()).To(BeTrue())
}

func TestObjectsThatOutgrowTheLimitCallForAnotherList(t *testing.T) {
	g := NewWithT(t)
	i := newIntakeTest(3)
	i.list([]int{1, 2, 3}, nil)
	i.clock.Step(relistPause)
	g.Expect(i.admit(born(1), false, unitSize)).To(BeTrue())
	g.Expect(i.relist()).To(BeTrue())
	i.list([]int{1, 2, 3}, map[int]int{1: unitSize})
	g.Expect(i.holds()).To(ConsistOf("status-1", "status-2"))

	name := func(n int) types.NamespacedName {
		return types.NamespacedName{Namespace: "team-a", Name: fmt.Sprintf("status-%d", n)}
	}
	g.Expect(i.drops(name(3))).To(BeTrue(), "it is there yet, and only left out")
	g.Expect(i.drops(name(2))).To(BeFalse())
	g.Expect(i.drops(name(9))).To(BeFalse())
}
