package scmproviders

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
)

const (
	paused678  = "status.installations{" + inst678 + "}: Warning Paused: github.com installation 678 (acme) sends nothing until 10:15:04 UTC: the SCM asked for it"
	resumed678 = "status.installations{" + inst678 + "}: Normal Resumed: github.com installation 678 (acme) sends again"
)

func TestAPauseIsToldWhenItBeginsAndWhenItIsOver(t *testing.T) {
	w := newBudgetWorld(t, newScmProvider("one"), newScmProvider("two"), newScmProvider("other"))
	w.start(t)
	for _, name := range []string{"one", "two"} {
		w.from.set(name, w.pausedFor(inst678, time.Minute))
	}
	w.from.set("other", w.installation(inst679, 1))
	begun := []string{"ScmProvider one " + paused678, "ScmProvider two " + paused678}
	w.longer.note(inst678)
	w.Eventually(w.events.all).Should(ConsistOf(begun))

	for _, name := range []string{"one", "two"} {
		w.from.set(name, w.pausedFor(inst678, 65*time.Second))
	}
	w.longer.note(inst678)
	w.Eventually(func() time.Time { return w.recorded("two")[0].PausedUntil.Time }).
		Should(BeTemporally("==", w.clock.Now().Add(65*time.Second)))
	w.Expect(w.events.all()).To(ConsistOf(begun), "a pause that gets longer is no new one")

	w.clock.Step(60 * time.Second)
	w.Eventually(func() int { return len(w.recorded("other")) }).Should(Equal(1))
	w.Expect(w.events.all()).To(ConsistOf(begun), "it is not over yet")
	for _, name := range []string{"one", "two"} {
		w.from.set(name, w.installation(inst678, 1))
	}
	w.clock.Step(5 * time.Second)
	// Where the clock was stepped before the loop had set its timer anew, it looks
	// again a second later. That is before the next round, which would look anyway.
	w.Eventually(func() []string {
		w.clock.Step(40 * time.Millisecond)
		return w.events.all()
	}).WithPolling(10 * time.Millisecond).WithTimeout(time.Second).
		Should(ConsistOf(append(begun, "ScmProvider one "+resumed678, "ScmProvider two "+resumed678)))
	w.Eventually(func() any { return w.recorded("two")[0].PausedUntil }).Should(BeNil())
}

func TestAPauseThatWasToldBeforeARestartIsNotToldAgain(t *testing.T) {
	at := newBudgetWorld(t)
	w := newBudgetWorld(t, newScmProvider("acme", at.pausedFor(inst678, time.Minute)))
	w.from.set("acme", w.pausedFor(inst678, time.Minute))
	w.record(t.Context(), nil)
	w.Expect(w.events.all()).To(BeEmpty())
	w.clock.Step(time.Minute)
	w.record(t.Context(), nil)
	w.record(t.Context(), nil)
	w.Expect(w.events.all()).To(Equal([]string{"ScmProvider acme " + resumed678}))
}

func TestWhatScmProvidersNoLongerUseHoldsNoTimer(t *testing.T) {
	w := newBudgetWorld(t, newScmProvider("acme"))
	w.from.set("acme", w.pausedFor(inst678, time.Minute))
	w.record(t.Context(), nil)
	over, stop := w.pauseOver()
	w.Expect(over).NotTo(BeNil())
	stop()
	w.Expect(w.clock.HasWaiters()).To(BeFalse())
	w.Expect(w.api.Delete(t.Context(), newScmProvider("acme"))).To(Succeed())
	w.record(t.Context(), nil)
	over, _ = w.pauseOver()
	w.Expect(over).To(BeNil())
}

func TestInstallationsAreNamedForPeople(t *testing.T) {
	g := NewWithT(t)
	for id, want := range map[string]string{
		inst678:                       "github.com installation 678 (acme)",
		"github.com/app/12345":        "github.com app 12345 (acme)",
		"bitbucket.org/0b1c-44":       "bitbucket.org 0b1c-44 (acme)",
		"git.example.com:8443/user/7": "git.example.com:8443 user 7 (acme)",
	} {
		g.Expect(describe(&v1alpha1.Installation{ID: id, Account: "acme"})).To(Equal(want))
	}
	g.Expect(describe(&v1alpha1.Installation{ID: "github.com/app/12345"})).To(Equal("github.com app 12345"))
}
