package hub

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/argoproj-labs/commit-status-hub/hub/ledger"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger/ledgertest"
	"github.com/argoproj-labs/commit-status-hub/hub/publish"
	"github.com/argoproj-labs/commit-status-hub/ratelimit"
)

func TestHubNoticed_SaysWhatAPauseHoldsUp(t *testing.T) {
	f := ledgertest.NewFleet(t)
	installations := ratelimit.NewInstallations(f.Clock)
	installations.Get("lane").Bucket().Observe(f.Clock.Now(), ratelimit.Feedback{PauseUntil: f.Clock.Now().Add(time.Hour)})
	h := &hub{ledger: f.Ledger, publisher: publish.New(publish.Options{Ledger: f.Ledger, Clock: f.Clock})}
	q := ratelimit.NewQueue(ratelimit.QueueOptions[ledger.Key]{
		Route: f.Route, Installations: installations, Clock: f.Clock, Notice: h.noticed,
	})
	defer q.ShutDown()
	h.queue.Store(q)
	f.Hear("eu", ledgertest.CommitStatus(ledgertest.Wants("success")))
	q.Add(ledgertest.Key)
	go q.Get()
	f.G.Eventually(func() string {
		f.Clock.Step(10 * time.Second)
		patch, ok := f.Patch(ledgertest.ID("eu"))
		if !ok {
			return ""
		}
		return patch.Status.Conditions[0].Message
	}).Should(MatchRegexp("^waiting for lane ?, about (1 h|55 min)$"))
}
