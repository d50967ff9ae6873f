package hub

import (
	"context"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/argoproj-labs/commit-status-hub/hub/ledger"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger/ledgertest"
	"github.com/argoproj-labs/commit-status-hub/hub/publish"
)

func TestAHubThatEndsTellsNobodyThatAnotherOwnsTheKeyNow(t *testing.T) {
	f := ledgertest.NewFleet(t)
	f.Hear("eu", ledgertest.CommitStatus())
	f.Hear("us", ledgertest.CommitStatus())
	ending := true
	follower := &follower{cluster: "eu", engagement: f.Token["eu"], watcher: &watcher{
		ledger: f.Ledger, publisher: publish.New(publish.Options{}), apply: func(ledger.Changes) {}, ending: func() bool { return ending },
	}}
	follower.leave()
	f.G.Expect(f.Count().Claims).To(HaveLen(2))
	ending = false
	follower.leave()
	f.G.Expect(f.Count().Claims).To(HaveLen(1))
}

func TestMembersStayInTheLedgerWhenTheHubEnds(t *testing.T) {
	g := NewWithT(t)
	mgr, members := offline(g)
	ctx, end := context.WithCancel(t.Context())
	h, err := setup(ctx, mgr, members, newElection().Lead, &ledger.Seals{}, Options{Namespace: "hub", Embedded: true})
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(mgr.Engage(ctx, "eu", mgr.GetLocalManager())).To(Succeed())
	end()
	g.Expect(h.watcher.Start(ctx)).To(Succeed(), "it was let go")
	g.Expect(h.ledger.Count().Claims).To(HaveKey("eu"))
}

func TestWatcherEngage_FollowsNobodyOnceTheHubHasEnded(t *testing.T) {
	g := NewWithT(t)
	mgr, _ := offline(g)
	f := ledgertest.NewFleet(t)
	w := &watcher{
		ledger: f.Ledger, publisher: publish.New(publish.Options{}), apply: func(ledger.Changes) {},
		joinedAt: func(string) time.Time { return time.Time{} }, ending: func() bool { return true },
	}
	ctx, end := context.WithCancel(t.Context())
	end()
	g.Expect(w.Start(ctx)).To(Succeed())
	g.Expect(w.Engage(ctx, "eu", mgr.GetLocalManager())).To(MatchError(errEnded))
	g.Expect(f.Count().Claims).To(BeEmpty())
}
