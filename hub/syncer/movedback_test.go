package syncer_test

import (
	"net/http"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/argoproj-labs/commit-status-hub/hub/ledger/ledgertest"
	"github.com/argoproj-labs/commit-status-hub/test/scm/wire"
)

func TestMoved_StraightBackIsFollowedAtOnce(t *testing.T) {
	w := newMovesWorld(t)
	w.join("eu", "acme/shop")
	w.github.MoveRepo("acme/shop", "acme/market")
	w.claim("eu", "in_progress")
	w.run(time.Second)
	w.expectRepo("acme/market", "eu")
	w.github.MoveRepo("acme/market", "acme/shop")
	w.claim("eu", "success")
	w.run(time.Second)
	w.expectRepo("acme/shop", "eu")
	w.G.Expect(w.runs("acme/shop")).To(Equal([]string{"success"}))
}

// TestMoved_OutOfTheGrantsAndBack has the path of today be verified soon after a repository moved
// out of the grants, where that was believed for some time and where it is news.
func TestMoved_OutOfTheGrantsAndBack(t *testing.T) {
	for name, away := range map[string]time.Duration{"soon": changedFor, "later": 25 * time.Minute} {
		t.Run(name, func(t *testing.T) {
			w := newMovesWorld(t)
			w.grant(ofOwner("acme"))
			w.github.Install(12345, 679, "globex")
			w.join("eu", "acme/shop")
			w.join("us", "acme/market")
			w.github.MoveRepo("acme/shop", "acme/market")
			w.claim("eu", "in_progress")
			w.run(time.Second)
			w.Clock.Step(movedFor)
			w.github.MoveRepo("acme/market", "globex/shop")
			w.claim("us", "in_progress")
			w.claim("eu", "queued")
			w.run(away)
			st := w.status("eu")
			w.G.Expect(ledgertest.ReadyOf(&st).Reason).To(Equal("Moved"))
			w.github.MoveRepo("globex/shop", "acme/market")
			before := len(w.github.Calls())
			w.claim("eu", "success")
			w.claim("us", "success")
			w.run(11 * time.Minute)
			w.expectRepo("acme/market", "eu", "us")
			w.G.Expect(w.runs("acme/market")).To(Equal([]string{"success"}))
			w.G.Expect(len(w.github.Calls()) - before).To(BeNumerically("<", 12))
			w.G.Expect(w.Count().Keys).To(Equal(1))
		})
	}
}

// TestMoved_BackIsNotForgottenForAnOutage has the SCM fail the read of one of the two names.
func TestMoved_BackIsNotForgottenForAnOutage(t *testing.T) {
	w := newMovesWorld(t)
	w.join("eu", "acme/shop")
	w.join("us", "acme/market")
	w.github.MoveRepo("acme/shop", "acme/market")
	w.claim("eu", "in_progress")
	w.claim("us", "in_progress")
	w.run(time.Second)
	w.github.MoveRepo("acme/market", "acme/shop")
	w.Clock.Step(movedFor)
	w.github.Inject(wire.Fault{Match: func(r *http.Request) bool { return r.URL.Path == "/repos/acme/market" }, Status: http.StatusBadGateway})
	w.claim("eu", "success")
	w.run(10 * time.Minute)
	w.G.Expect(w.runs("acme/shop")).To(Equal([]string{"success"}))
	w.expectRepo("acme/shop", "eu")
}
