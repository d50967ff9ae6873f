package ratelimit

import (
	"testing"

	. "github.com/onsi/gomega"
)

func TestAnIdentityHasOneInstallation(t *testing.T) {
	g := NewWithT(t)
	i := NewInstallations(newClock())
	in := i.Get(acme)
	i.SetLimits(acme, "a", Limits{})
	i.Release("a")
	g.Expect(i.Get(acme)).To(BeIdenticalTo(in))
	g.Expect(i.Get(acme + "2")).NotTo(BeIdenticalTo(in))
	g.Expect(in.ID()).To(Equal(acme))
	g.Expect(in.RoundTripper(nil).(*roundTripper).transport).To(BeIdenticalTo(in.RoundTripper(nil).(*roundTripper).transport))
}

func TestScmProvidersThatShareAnInstallationCombineByMinimum(t *testing.T) {
	g := NewWithT(t)
	i := NewInstallations(newClock())
	limits := func() Limits { return i.Get(acme).Bucket().Limits() }
	g.Expect(limits()).To(Equal(Defaults("github.com")), "until somebody says otherwise")
	i.SetLimits(acme, "a", Limits{WritesPerMinute: 200, MaxInFlight: 5})
	g.Expect(limits()).To(Equal(Limits{WritesPerMinute: 200, MaxInFlight: 5}))
	i.SetLimits(acme, "b", Limits{WritesPerMinute: 100, RequestsPerHour: 9})
	g.Expect(limits()).To(Equal(Limits{WritesPerMinute: 100, RequestsPerHour: 9, MaxInFlight: 5}))
	i.SetLimits(acme, "b", Limits{WritesPerMinute: 300})
	g.Expect(limits()).To(Equal(Limits{WritesPerMinute: 200, MaxInFlight: 5}))
	i.Release("a")
	g.Expect(limits()).To(Equal(Limits{WritesPerMinute: 300}))
	i.Release("b")
	i.Release("nobody")
	g.Expect(limits()).To(Equal(Defaults("github.com")))
}
