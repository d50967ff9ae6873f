package ratelimit

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"
)

func TestAnIdentityHasOneInstallation(t *testing.T) {
	g := NewWithT(t)
	i := NewInstallations(newClock())
	in := i.Get(acme)
	i.SetLimits(acme, "a", Limits{})
	i.Replace("a", nil)
	g.Expect(i.Get(acme)).To(BeIdenticalTo(in))
	g.Expect(i.Get(acme + "2")).NotTo(BeIdenticalTo(in))
	g.Expect(in.ID()).To(Equal(acme))
	g.Expect(in.RoundTripper(nil).(*roundTripper).transport).To(BeIdenticalTo(in.RoundTripper(nil).(*roundTripper).transport))
}

func TestLimitsAreReplacedInOneStep(t *testing.T) {
	g := NewWithT(t)
	const id, other = "git.example.com/x", "git.example.com/y"
	i := NewInstallations(newClock())
	i.SetLimits(id, "a", Limits{WritesPerMinute: 5})
	i.SetLimits(other, "a", Limits{WritesPerMinute: 5})
	b := i.Get(id).Bucket()
	g.Expect(b.takeAll(start)).To(Equal(5))
	_, _ = b.tryTake(start, WriteCost)
	inBetween := 0
	b.watch(func() { inBetween += b.takeAll(start) })
	i.Replace("a", map[string]Limits{id: {WritesPerMinute: 4}, "git.example.com/z": {WritesPerMinute: 1}})
	g.Expect(inBetween).To(BeZero())
	g.Expect(b.Limits()).To(Equal(Limits{WritesPerMinute: 4}))
	g.Expect(i.Get(other).Bucket().Limits()).To(Equal(Defaults("git.example.com")))
	g.Expect(i.Get("git.example.com/z").Bucket().Limits()).To(Equal(Limits{WritesPerMinute: 1}))
}

func TestNothingIsSentBeyondWhatASuccessorReckonsWith(t *testing.T) {
	g := NewWithT(t)
	i := NewInstallations(newClock())
	a, b := i.Get(acme+"a").Bucket(), i.Get(acme+"b").Bucket()
	held, _ := a.reserve(start, nil, 1)
	isA := func(id string) bool { return id == acme+"a" }
	i.SendUntil(start.Add(time.Second), func(string) bool { return false })
	i.SendUntil(start.Add(time.Minute), isA)
	now := start.Add(time.Second)
	ok, retryAt := a.tryTake(now, ReadCost)
	g.Expect(ok).To(BeFalse())
	g.Expect(retryAt).To(Equal(now.Add(soon)))
	paid, _ := held.pay(now, WriteCost)
	g.Expect(paid).To(BeNil(), "a slot that was taken before is no way around it")
	free, _ := a.takeFree(now, nil)
	g.Expect(free).NotTo(BeNil(), "what spends nothing need not be on record")
	ok, _ = b.tryTake(now, ReadCost)
	g.Expect(ok).To(BeTrue(), "no ScmProvider uses it that could tell of it")

	woken := false
	a.watch(func() { woken = true })
	i.SendUntil(start.Add(2*time.Minute), func(string) bool { return false })
	g.Expect(woken).To(BeTrue())
	ok, _ = a.tryTake(now, ReadCost)
	g.Expect(ok).To(BeTrue())
}

func TestAnInstallationIsOnRecordBeforeItIsUsed(t *testing.T) {
	g := NewWithT(t)
	clk := newClock()
	i := NewInstallations(clk)
	var told []string
	i.OnPause(func(id string) { told = append(told, id) })
	none := func(string) bool { return false }
	recorded := func() { i.SendUntil(clk.Now().Add(30*time.Second), none) }
	recorded()
	i.SetLimits(acme, "a", Limits{WritesPerMinute: 80})
	b := i.Get(acme).Bucket()
	g.Expect(i.Records("a")).To(BeEmpty(), "nobody needs it")
	recorded()
	slot, retryAt := b.reserve(clk.Now(), nil, 1)
	g.Expect(slot).To(BeNil())
	g.Expect(retryAt).To(Equal(start.Add(soon)))
	ok, _ := b.tryTake(clk.Now(), WriteCost)
	g.Expect(ok).To(BeFalse())
	g.Expect(told).To(Equal([]string{acme}), "once, to whoever keeps records")
	recorded()
	ok, _ = b.tryTake(clk.Now(), WriteCost)
	g.Expect(ok).To(BeFalse(), "a round that had begun before knows nothing of it")

	g.Expect(i.Records("a")).To(HaveLen(1))
	recorded()
	ok, _ = b.tryTake(clk.Now(), WriteCost)
	g.Expect(ok).To(BeTrue())
	g.Expect(told).To(HaveLen(1), "its first use is no news any more")

	clk.Step(2 * time.Hour)
	g.Expect(i.Records("a")).To(BeEmpty())
	recorded()
	ok, _ = b.tryTake(clk.Now(), WriteCost)
	g.Expect(ok).To(BeFalse(), "it was forgotten in the meantime")
	g.Expect(told).To(HaveLen(2))
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
	i.Replace("a", nil)
	g.Expect(limits()).To(Equal(Limits{WritesPerMinute: 300}))
	i.Replace("b", nil)
	i.Replace("nobody", nil)
	g.Expect(limits()).To(Equal(Defaults("github.com")))
}
