package kubeconfigs

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"
	clocktesting "k8s.io/utils/clock/testing"
)

func TestAMemberIsTriedOftenAtFirstAndPatientlyLater(t *testing.T) {
	g := NewWithT(t)
	clock := clocktesting.NewFakeClock(time.Now())
	retry := backoff{clock: clock}
	begin := clock.Now()
	var last time.Duration
	for clock.Since(begin) < 10*time.Minute {
		last = retry.next()
		if clock.Since(begin) < eagerFor {
			g.Expect(last).To(BeNumerically("<=", eagerMax))
		}
		g.Expect(last).To(And(BeNumerically(">=", 800*time.Millisecond), BeNumerically("<=", patientMax)))
		clock.Step(last)
	}
	g.Expect(last).To(BeNumerically(">", eagerMax))
}

func TestWaitsStartOverAfterAMinuteOfHealthOnly(t *testing.T) {
	g := NewWithT(t)
	clock := clocktesting.NewFakeClock(time.Now())
	retry := backoff{clock: clock}
	for range 5 {
		clock.Step(retry.next())
	}
	retry.success()
	clock.Step(10 * time.Second)
	g.Expect(retry.next()).To(BeNumerically(">", 2*firstWait))

	retry.success()
	clock.Step(2 * time.Minute)
	g.Expect(retry.next()).To(BeNumerically("<=", firstWait))
}
