package ratelimit

import (
	"fmt"
	"testing"

	. "github.com/onsi/gomega"
)

// inFlight takes slots of a host's installations until none can be had, and returns them.
func inFlight(i *Installations, host string, installations int) (slots []*Slot) {
	for n := range installations {
		b := i.Get(fmt.Sprintf("%s/%d", host, n)).Bucket()
		for slot, _ := b.reserve(start, nil, 1); slot != nil; slot, _ = b.reserve(start, nil, 1) {
			slots = append(slots, slot)
		}
	}
	return slots
}

func TestAHostThatHangsTakesHalfOfWhatTheOthersLeave(t *testing.T) {
	g := NewWithT(t)
	i := NewInstallations(newClock())
	i.ShareAmong(256)
	hung := inFlight(i, "hung.example.com", 30)
	g.Expect(hung).To(HaveLen(128))
	g.Expect(inFlight(i, "other.example.com", 30)).To(HaveLen(64))
	g.Expect(inFlight(i, "third.example.com", 30)).To(HaveLen(32))
	g.Expect(inFlight(i, "hung.example.com", 30)).To(BeEmpty())

	woken := 0
	i.Get("hung.example.com/29").Bucket().watch(func() { woken++ })
	hung[0].done(start)
	g.Expect(woken).To(Equal(1), "another installation of the host may go on")
	g.Expect(inFlight(i, "hung.example.com", 30)).To(BeEmpty(), "the others took of what is there")
}

func TestEveryHostMayHaveOneInFlight(t *testing.T) {
	g := NewWithT(t)
	i := NewInstallations(newClock())
	i.ShareAmong(2)
	for _, host := range []string{"a", "b", "c"} {
		g.Expect(inFlight(i, host, 3)).To(HaveLen(1))
	}
}

func TestWithoutABoundAllMayBeInFlight(t *testing.T) {
	i := NewInstallations(newClock())
	NewWithT(t).Expect(inFlight(i, "a", 30)).To(HaveLen(300))
}
