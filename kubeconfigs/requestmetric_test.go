package kubeconfigs

import (
	"fmt"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
	"sigs.k8s.io/controller-runtime/pkg/metrics"
)

// client-go counts requests by host.
func TestNoSeriesHasTheHostOfAMember(t *testing.T) {
	g := NewWithT(t)
	c := hostile(t, zipped(200, listStart, "", 0, "]}"))
	_, _ = feedOf(t, c).relist(t.Context())
	c.close()
	families, err := metrics.Registry.Gather()
	g.Expect(err).NotTo(HaveOccurred())
	var with []string
	for _, family := range families {
		for _, metric := range family.GetMetric() {
			for _, pair := range metric.GetLabel() {
				if strings.Contains(c.config.Host, pair.GetValue()) && strings.Contains(pair.GetValue(), ":") {
					with = append(with, fmt.Sprintf("%s %s=%s", family.GetName(), pair.GetName(), pair.GetValue()))
				}
			}
		}
	}
	g.Expect(with).To(BeEmpty())
}
