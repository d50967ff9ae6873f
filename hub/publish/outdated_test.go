package publish

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger/ledgertest"
)

// oldMember is an outdated with what it reported, and its clock.
type oldMember struct {
	*outdated
	now      *clocktesting.FakePassiveClock
	reported []string
}

func newOldMember() *oldMember {
	m := &oldMember{now: clocktesting.NewFakePassiveClock(time.Unix(5000, 0))}
	m.outdated = newOutdated(m.now, func(field string) { m.reported = append(m.reported, field) })
	return m
}

// sentTo is a patch of an object, and now makes what the object has of it.
func sentTo(name string, now func(*v1alpha1.CommitStatusStatus)) ledger.Patch {
	p := ledger.Patch{ID: ledger.ObjectID{Cluster: "eu", Namespace: "team-a", Name: name}, Status: ledgertest.StatusWith("queued", 4711)}
	p.Now = *p.Status.DeepCopy()
	now(&p.Now)
	return p
}

func TestOutdated_ReportsALostFieldUntilTheMemberKeepsIt(t *testing.T) {
	g := NewWithT(t)
	m := newOldMember()
	sent := ledgertest.StatusWith("queued", 4711)
	sent.ShortSHA = "abcdefg"
	g.Expect(m.answered(sent, sent)).To(BeFalse())
	g.Expect(m.reported).To(BeEmpty())

	kept := *sent.DeepCopy()
	kept.Provider, kept.ShortSHA = &v1alpha1.ProviderHandle{}, ""
	for range 2 {
		g.Expect(m.answered(sent, kept)).To(BeFalse())
	}
	g.Expect(m.reported).To(Equal([]string{"status.provider.github"}), "once")
	without := *kept.DeepCopy()
	without.Provider = nil
	g.Expect(m.answered(without, without)).To(BeFalse(), "it had nothing to lose")
	g.Expect(m.reported).To(HaveLen(1))

	kept.Provider = sent.Provider
	g.Expect(m.answered(sent, kept)).To(BeTrue())
	g.Expect(m.reported).To(Equal([]string{"status.provider.github", "status.shortSha"}), "one of two is back")
	g.Expect(m.answered(sent, sent)).To(BeTrue())
	g.Expect(m.reported).To(HaveLen(3))
	g.Expect(m.reported[2]).To(BeEmpty())
}

func TestOutdated_HoldsWhatTheMemberWouldLoseAgain(t *testing.T) {
	g := NewWithT(t)
	m := newOldMember()
	lossy := func(st *v1alpha1.CommitStatusStatus) { st.Provider = nil }
	first, second := sentTo("first", lossy), sentTo("second", lossy)
	hold, _ := m.hold(first)
	g.Expect(hold).To(BeFalse(), "nothing is known to be lost")
	m.answered(first.Status, first.Now)

	hold, until := m.hold(first)
	g.Expect(hold).To(BeTrue())
	g.Expect(until).To(Equal(m.now.Now().Add(probeEvery)), "the probe")
	hold, until = m.hold(second)
	g.Expect(hold).To(BeTrue())
	g.Expect(until).To(BeZero(), "no probe")
	news := sentTo("second", func(st *v1alpha1.CommitStatusStatus) { st.Provider, st.Phase = nil, "success" })
	hold, _ = m.hold(news)
	g.Expect(hold).To(BeFalse(), "another field has changed, too")

	m.now.SetTime(time.Unix(5000, 0).Add(probeEvery))
	hold, _ = m.hold(second)
	g.Expect(hold).To(BeTrue())
	hold, _ = m.hold(first)
	g.Expect(hold).To(BeFalse(), "the probe is due")
	hold, _ = m.hold(first)
	g.Expect(hold).To(BeTrue(), "once")

	g.Expect(m.upToDate(second.ID)).To(BeFalse())
	g.Expect(m.upToDate(first.ID)).To(BeTrue(), "another object must become the probe")
	_, until = m.hold(second)
	g.Expect(until).NotTo(BeZero())
	g.Expect(m.answered(second.Status, second.Status)).To(BeTrue())
	hold, _ = m.hold(second)
	g.Expect(hold).To(BeFalse())
}
