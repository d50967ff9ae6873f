package ratelimit

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"github.com/prometheus/client_golang/prometheus"
	"sigs.k8s.io/controller-runtime/pkg/metrics"
)

// familiesWith are the metrics that have a series with a label's value.
func familiesWith(g Gomega, label, value string, more ...prometheus.Gatherer) (names []string) {
	families, err := append(prometheus.Gatherers{metrics.Registry}, more...).Gather()
	g.ExpectWithOffset(1, err).NotTo(HaveOccurred())
	for _, family := range families {
		for _, metric := range family.GetMetric() {
			for _, pair := range metric.GetLabel() {
				if pair.GetName() == label && pair.GetValue() == value && (len(names) == 0 || names[len(names)-1] != family.GetName()) {
					names = append(names, family.GetName())
				}
			}
		}
	}
	return names
}

func TestRetire_LeavesNoSeriesOfAnInstallationThatNoScmProviderUses(t *testing.T) {
	g := NewWithT(t)
	gone, used := "github.com/app/7/installation/"+t.Name(), "github.com/app/8/installation/"+t.Name()
	b := newBench(t, func(o *QueueOptions[key]) { o.Metrics = true })
	i := b.installations
	registry := prometheus.NewRegistry()
	g.Expect(registry.Register(i)).To(Succeed())
	with := func(id string) []string { return familiesWith(g, "installation", id, registry) }
	for _, id := range []string{gone, used} {
		i.SetLimits(id, "a", Limits{RequestsPerHour: 100})
		b.Add(key{lane: id, name: "x"})
		item, _ := b.Get()
		record(operation{provider: "github", name: "create"}, id, 201, time.Second)
		b.Done(item)
	}
	b.Add(key{lane: gone, name: "waits"})
	all := with(gone)
	g.Expect(all).To(ContainElements(
		"commit_status_hub_scm_requests_total", "commit_status_hub_scm_request_duration_seconds", "commit_status_hub_queue_wait_seconds",
		"commit_status_hub_queue_depth", "commit_status_hub_queue_oldest_seconds", "commit_status_hub_bucket_remaining", "commit_status_hub_bucket_paused_until_seconds"))

	i.Replace("a", map[string]Limits{used: {RequestsPerHour: 100}})
	i.Retire()
	g.Expect(with(gone)).To(Equal(all), "something waits for it yet")
	item, _ := b.Get()
	b.Done(item)
	i.Retire()
	g.Expect(with(gone)).To(BeEmpty())
	g.Expect(with(used)).To(ContainElements("commit_status_hub_scm_requests_total", "commit_status_hub_queue_wait_seconds", "commit_status_hub_bucket_remaining"))
}

func TestRetire_KeepsABudgetForAsLongAsWhatWasSpentCounts(t *testing.T) {
	g := NewWithT(t)
	clk := newClock()
	i := NewInstallations(clk)
	i.SetLimits(acme, "a", Limits{RequestsPerHour: 100})
	first := i.Get(acme)
	payment, _ := first.Bucket().take(clk.Now(), WriteCost, nil)
	g.Expect(payment).NotTo(BeNil())
	i.Replace("a", nil)
	i.Retire()
	g.Expect(i.Get(acme)).To(BeIdenticalTo(first), "a request is under way")
	payment.answered(clk.Now(), 201, Feedback{})
	payment.done()
	clk.Step(time.Hour)
	i.Retire()
	g.Expect(i.Get(acme)).To(BeIdenticalTo(first), "the request counts")

	first.Bucket().Observe(clk.Now(), Feedback{PauseUntil: clk.Now().Add(time.Hour)})
	clk.Step(time.Minute)
	i.Retire()
	g.Expect(i.Get(acme)).To(BeIdenticalTo(first), "it is paused")
	clk.Step(time.Hour)
	i.Retire()
	g.Expect(i.Get(acme)).NotTo(BeIdenticalTo(first))
}

func TestRetire_KeepsWhatAScmProviderUses(t *testing.T) {
	g := NewWithT(t)
	clk := newClock()
	i := NewInstallations(clk)
	i.SetLimits(acme, "a", Limits{RequestsPerHour: 7})
	first := i.Get(acme)
	clk.Step(48 * time.Hour)
	i.Retire()
	g.Expect(i.Get(acme)).To(BeIdenticalTo(first))
	g.Expect(first.Bucket().Limits().RequestsPerHour).To(BeEquivalentTo(7))
}
