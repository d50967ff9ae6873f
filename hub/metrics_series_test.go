package hub

import (
	"context"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/argoproj-labs/commit-status-hub/hub/ledger"
	"github.com/argoproj-labs/commit-status-hub/hub/publish"
	"github.com/argoproj-labs/commit-status-hub/ratelimit"
)

func TestRetirement_DeletesTheSeriesOfMembersWithoutASecret(t *testing.T) {
	g := NewWithT(t)
	clk := clocktesting.NewFakeClock(time.Unix(1000, 0))
	names, complete := []string{"kept"}, false
	r := retirement{clock: clk, saved: ledger.New(ledger.Options{Clock: clk}), installations: ratelimit.NewInstallations(clk), names: func() ([]string, bool) { return names, complete }}
	for _, cluster := range []string{"kept", "gone"} {
		for _, result := range []string{"ok", "error"} {
			publish.PatchesTotal.WithLabelValues(cluster, result).Inc()
		}
	}
	with := func(cluster string) bool {
		_, ok := scrape(g, publish.PatchesTotal)["commit_status_hub_status_patches_total "+cluster+" ok"]
		return ok
	}
	r.retire()
	g.Expect(with("gone")).To(BeTrue(), "not all Secrets are known yet")
	complete = true
	r.retire()
	g.Expect(with("kept")).To(BeTrue())
	g.Expect(scrape(g, publish.PatchesTotal)).NotTo(Or(HaveKey(ContainSubstring("gone ok")), HaveKey(ContainSubstring("gone error"))))

	names = nil
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- r.Start(ctx) }()
	g.Eventually(clk.HasWaiters).Should(BeTrue())
	clk.Step(retireEvery)
	g.Eventually(func() bool { return with("kept") }).Should(BeFalse())
	cancel()
	g.Eventually(ended).Should(Receive(BeNil()))
}
