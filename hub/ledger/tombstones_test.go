package ledger

import (
	"fmt"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/argoproj-labs/commit-status-hub/providers"
)

func TestAStatusThatKnowsLessThanThisProcessDidIsLookedInto(t *testing.T) {
	for name, c := range map[string]struct {
		found *providers.Shown
		want  Action
	}{
		"what is told was seen":     {shows("queued"), ActNothing},
		"nothing was there by then": {nil, ActFind},
		"something else was there":  {shows("failure"), ActFind},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFleet(t)
			f.hear("eu", testStatus(told(statusWith("queued", 4711))))
			f.Showed(testKey, f.job(), c.found, false)
			f.Disengage("eu", f.token["eu"])
			f.now.Step(releaseDelay)
			f.Job(testKey)
			f.g.Expect(f.keys).To(BeZero())

			f.hear("eu", testStatus(told(statusWith("queued", 4711))))
			job := f.job()
			f.g.Expect(plan(job.Account, job.Observation, job.Verdict.Want)).To(Equal(c.want))
		})
	}
}

func TestTheNewestForgottenKeysAreRemembered(t *testing.T) {
	g := NewWithT(t)
	f := newTombstones()
	key := func(n int) Key { return Key{Name: fmt.Sprint(n)} }
	for n := range rememberedKeys {
		f.add(key(n), untold)
	}
	f.add(key(0), f.fingerprint(nil))
	g.Expect(f.set).To(HaveLen(rememberedKeys))
	g.Expect(f.mayShow(key(0))).To(BeFalse(), "nothing was there")
	g.Expect(f.mayShow(key(1))).To(BeTrue())
	g.Expect(f.contradicts(key(1), shows("queued"))).To(BeFalse(), "this process knew nothing of it")
	f.add(key(1), doubtful)
	g.Expect(f.contradicts(key(1), shows("queued"))).To(BeTrue())
	f.add(key(rememberedKeys), untold)
	g.Expect(f.set).To(HaveLen(rememberedKeys))
	g.Expect(f.mayShow(key(rememberedKeys))).To(BeTrue())
	g.Expect(f.contradicts(key(0), shows("queued"))).To(BeFalse(), "the oldest made room")
}
