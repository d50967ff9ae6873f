package ratelimit

import (
	"testing"
	"time"
	"unsafe"

	. "github.com/onsi/gomega"
)

// stepped is a time of a process whose wall clock was set in the meantime, while its
// monotonic clock went on: time.Time has no way to make one.
func stepped(t time.Time, by time.Duration) time.Time {
	raw := (*struct {
		wall uint64
		ext  int64
		loc  *time.Location
	})(unsafe.Pointer(&t))
	raw.wall = uint64(int64(raw.wall) + int64(by/time.Second)<<30)
	return t
}

func TestAWallClockThatIsSetChangesNoWindow(t *testing.T) {
	now := time.Now()
	for name, by := range map[string]time.Duration{"ahead": 40 * time.Second, "back": -time.Hour} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			b := newBucket(now, Limits{WritesPerMinute: 10})
			g.Expect(b.takeAll(now)).To(Equal(10))
			later := stepped(now.Add(30*time.Second), by)
			g.Expect(later.Sub(now)).To(Equal(30*time.Second), "that is how long it really was")
			ok, retryAt := b.tryTake(later, WriteCost)
			g.Expect(ok).To(BeFalse())
			g.Expect(retryAt.Sub(later)).To(BeNumerically("~", 30*time.Second, time.Second))
			g.Expect(b.takeAll(stepped(now.Add(61*time.Second), by))).To(Equal(10))
		})
	}
}

func TestARecordIsByTheWallClockAsItIsNow(t *testing.T) {
	g := NewWithT(t)
	now := time.Now()
	b := newBucket(now, Limits{})
	b.Observe(now, Feedback{PauseUntil: now.Add(time.Hour)})
	later := stepped(now.Add(time.Minute), 10*time.Minute)
	until := second(on(later, b.pause.until))
	g.Expect(until.Time).To(BeTemporally("~", later.Round(0).Add(59*time.Minute), time.Second))
}
