package ratelimit

import (
	"fmt"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	clocktesting "k8s.io/utils/clock/testing"
	"pgregory.net/rapid"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
)

// manyInstallations are those of one ScmProvider, more than its status takes.
type manyInstallations struct {
	*Installations
	clock  *clocktesting.FakeClock
	limits Limits
	ids    []string
	// sent is when each wrote.
	sent map[string][]time.Time
}

// newManyInstallations makes n installations, each with a limit.
func newManyInstallations(n int, l Limits) *manyInstallations {
	m := &manyInstallations{clock: newClock(), limits: l, sent: map[string][]time.Time{}}
	for i := range n {
		m.ids = append(m.ids, fmt.Sprintf("git.example.com/app/1/installation/%d", i))
	}
	return m
}

// start starts a process with what the one before it left in the status.
func (m *manyInstallations) start(status []v1alpha1.Installation) {
	m.Installations = NewInstallations(m.clock)
	for _, r := range status {
		m.SetLimits(r.ID, "acme", m.limits)
	}
	m.Restore([][]v1alpha1.Installation{status}, 30*time.Second)
}

// write sends n writes of an installation, as far as its budget goes.
func (m *manyInstallations) write(id string, n int) {
	m.SetLimits(id, "acme", m.limits)
	for range n {
		if ok, _ := m.Get(id).Bucket().tryTake(m.clock.Now(), WriteCost); !ok {
			return
		}
		m.sent[id] = append(m.sent[id], m.clock.Now())
	}
}

// status is what of the records fits.
func (m *manyInstallations) status() []v1alpha1.Installation {
	records := m.Records("acme")
	return records[:min(len(records), MaxRecords)]
}

func TestInstallationsRestore_KeepsTheLimitsOfInstallationsLeftOutOfTheRecords(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const limit = 60
		m := newManyInstallations(210, Limits{WritesPerMinute: limit, MaxInFlight: 1})
		m.start(nil)
		for range 3 {
			for _, id := range m.ids {
				m.write(id, rapid.IntRange(0, 10).Draw(t, "writes"))
			}
			m.clock.Step(time.Duration(rapid.IntRange(1, 20).Draw(t, "seconds")) * time.Second)
		}
		status := m.status()
		m.clock.Step(time.Duration(rapid.IntRange(0, 9).Draw(t, "down")) * time.Second)
		m.start(status)
		for range 40 {
			for _, id := range m.ids {
				m.write(id, limit)
			}
			m.clock.Step(3 * time.Second)
		}
		for id, sent := range m.sent {
			for i := limit; i < len(sent); i++ {
				if sent[i].Sub(sent[i-limit]) < time.Minute {
					t.Fatalf("%s wrote more than %d in a minute until %s", id, limit, sent[i])
				}
			}
			if last := sent[len(sent)-1]; m.clock.Since(last) > time.Minute {
				t.Fatalf("%s waits since %s", id, last)
			}
		}
	})
}

func TestInstallationsRestore_KeepsPausesOfInstallationsLeftOutOfTheRecords(t *testing.T) {
	g := NewWithT(t)
	m := newManyInstallations(250, Limits{WritesPerHour: 30, MaxInFlight: 1})
	m.start(nil)
	for i, id := range m.ids[:249] {
		m.write(id, 1)
		m.Get(id).Bucket().Observe(start, Feedback{PauseUntil: start.Add(time.Duration(400-i) * time.Second)})
	}
	unpaused := m.ids[249]
	m.write(unpaused, 5)
	status := m.status()
	m.clock.Step(time.Second)
	m.start(status)
	last := m.ids[248]
	m.clock.Step(100 * time.Second)
	m.write(last, 1)
	g.Expect(m.sent[last]).To(HaveLen(1))
	m.clock.Step(5 * time.Minute)
	m.write(unpaused, 5)
	g.Expect(m.sent[unpaused]).To(HaveLen(5), "it may have written as many as it could")
	m.clock.Step(time.Hour)
	m.write(last, 1)
	g.Expect(m.sent[last]).To(HaveLen(2))
}

func TestInstallationsRestore_BoundsNobodyWhereAllAreRecorded(t *testing.T) {
	g := NewWithT(t)
	m := newManyInstallations(250, Limits{WritesPerMinute: 5})
	m.start(nil)
	for _, id := range m.ids[:MaxRecords-1] {
		m.write(id, 5)
	}
	m.start(m.status())
	m.write(m.ids[200], 5)
	g.Expect(m.sent[m.ids[200]]).To(HaveLen(5))

	m.write(m.ids[201], 5)
	m.start(m.status())
	m.SetLimits("else.example.com/1", "else", Limits{WritesPerMinute: 5})
	g.Expect(m.Get("else.example.com/1").Bucket().takeAll(m.clock.Now())).To(Equal(5), "another SCM has nothing to do with it")
	m.write(m.ids[202], 5)
	g.Expect(m.sent[m.ids[202]]).To(BeEmpty())
	m.clock.Step(62 * time.Minute)
	m.write(m.ids[203], 5)
	g.Expect(m.sent[m.ids[203]]).To(HaveLen(5), "it is long ago")
}
