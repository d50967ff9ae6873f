package hub

import (
	"context"
	"testing"
	"time"

	. "github.com/onsi/gomega"
)

func TestAHubThatEndsTellsNobodyThatAnotherOwnsTheKeyNow(t *testing.T) {
	f := newFleet(t)
	f.hear("eu", testStatus())
	f.hear("us", testStatus())
	ending := true
	follower := &follower{cluster: "eu", engagement: f.token["eu"], watcher: &watcher{
		ledger: f.Ledger, publisher: &publisher{outlets: map[string]*outlet{}}, apply: func(Changes) {}, ending: func() bool { return ending },
	}}
	follower.letGo()
	f.g.Expect(f.entryOf(testKey).claims).To(HaveLen(2))
	ending = false
	follower.letGo()
	f.g.Expect(f.entryOf(testKey).claims).To(HaveLen(1))
}

func TestMembersStayInTheLedgerWhenTheHubEnds(t *testing.T) {
	g := NewWithT(t)
	mgr, members := offline(g)
	ctx, end := context.WithCancel(t.Context())
	h, err := setup(ctx, mgr, members, newElection().Lead, &seals{}, Options{Namespace: "hub", Embedded: true})
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(mgr.Engage(ctx, "eu", mgr.GetLocalManager())).To(Succeed())
	end()
	g.Eventually(func() int {
		h.publisher.mu.Lock()
		defer h.publisher.mu.Unlock()
		return len(h.publisher.outlets)
	}).Should(BeZero(), "it was let go")
	g.Consistently(func() int {
		h.ledger.mu.Lock()
		defer h.ledger.mu.Unlock()
		return len(h.ledger.members)
	}, "200ms").Should(Equal(1))
}

func TestWatcherEngage_FollowsNobodyOnceTheHubHasEnded(t *testing.T) {
	g := NewWithT(t)
	mgr, _ := offline(g)
	f := newFleet(t)
	w := &watcher{
		ledger: f.Ledger, publisher: &publisher{outlets: map[string]*outlet{}}, apply: func(Changes) {},
		joinedAt: func(string) time.Time { return time.Time{} }, ending: func() bool { return true },
	}
	ctx, end := context.WithCancel(t.Context())
	end()
	g.Expect(w.Start(ctx)).To(Succeed())
	g.Expect(w.Engage(ctx, "eu", mgr.GetLocalManager())).To(MatchError(errEnded))
	g.Expect(w.publisher.outlets).To(BeEmpty())
}
