package hub

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/argoproj-labs/commit-status-hub/ratelimit"
)

func TestHubNoticed_SaysWhatAPauseHoldsUp(t *testing.T) {
	f := newFleet(t)
	installations := ratelimit.NewInstallations(f.now)
	installations.Get("lane").Bucket().Observe(f.now.Now(), ratelimit.Feedback{PauseUntil: f.now.Now().Add(time.Hour)})
	h := &hub{ledger: f.Ledger, publisher: newPublisher(publisherOptions{Ledger: f.Ledger, Clock: f.now})}
	q := ratelimit.NewQueue(ratelimit.QueueOptions[Key]{
		Route: f.Route, Installations: installations, Clock: f.now, Notice: h.noticed,
	})
	defer q.ShutDown()
	h.queue.Store(q)
	f.hear("eu", testStatus(wants("success")))
	q.Add(testKey)
	go q.Get()
	f.g.Eventually(func() string {
		f.now.Step(10 * time.Second)
		patch, ok := f.Patch(idIn("eu"))
		if !ok {
			return ""
		}
		return patch.Status.Conditions[0].Message
	}).Should(MatchRegexp("^waiting for lane ?, about (1 h|55 min)$"))
}
