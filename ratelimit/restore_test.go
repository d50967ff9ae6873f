package ratelimit

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
)

// successor is a process that takes over after a time.
func successor(clk *clocktesting.FakeClock, l Limits, records ...v1alpha1.Installation) *Bucket {
	i := NewInstallations(clk)
	i.SetLimits(acme, "a", l)
	i.Restore([][]v1alpha1.Installation{records}, 30*time.Second)
	return i.Get(acme).Bucket()
}

func (b *Bucket) takeAll(now time.Time) (n int) {
	for ; n < 1000; n++ {
		if ok, _ := b.tryTake(now, WriteCost); !ok {
			return n
		}
	}
	return n
}

func TestASuccessorCountsWhatItsPredecessorSpent(t *testing.T) {
	l := Limits{WritesPerMinute: 80, RequestsPerHour: 5000}
	for name, c := range map[string]struct {
		spent int64
		// downFor passes between the record and the take-over.
		downFor time.Duration
		// want is how many may be sent within the minute that follows.
		want int64
	}{
		"nothing spent, at once":    {0, 0, 80 - 10 - 1},
		"some spent, at once":       {30, 0, 80 - 30 - 10 - 1},
		"all spent, at once":        {80, 0, 0},
		"some spent, 15 s ago":      {30, 15 * time.Second, 80 - 30 - 10 - 20 - 1},
		"a long gap counts as 30 s": {80, time.Hour, 80 - 10 - 40 - 1},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			clk := newClock()
			before := NewInstallations(clk)
			before.SetLimits(acme, "a", l)
			b := before.Get(acme).Bucket()
			b.lastUse = start
			t0 := costs{requests: int32(c.spent), writes: int32(c.spent)}
			b.minute.hold(t0)
			b.minute.spend(t0, start)
			b.hour.hold(t0)
			b.hour.spend(t0, start)
			records := before.Records("a")
			g.Expect(records).To(HaveLen(1))
			g.Expect(*records[0].Used.WritesPerMinute).To(Equal(c.spent))
			g.Expect(*records[0].Used.RequestsPerHour).To(Equal(c.spent))

			clk.Step(c.downFor)
			after := successor(clk, l, records...)
			g.Expect(max(l.WritesPerMinute-writesOf(after.minute.used), 0)).To(Equal(c.want))
			clk.Step(62 * time.Second)
			g.Expect(after.takeAll(clk.Now())).To(Equal(10), "a minute later the past is over")
		})
	}
}

func TestWhoeverWasInWorkMayHaveSentOneMore(t *testing.T) {
	g := NewWithT(t)
	at := metav1.NewTime(start)
	record := v1alpha1.Installation{ID: acme, ObservedAt: &at, Used: &v1alpha1.RateLimit{WritesPerMinute: new(int64(0))}}
	for most, want := range map[int64]int{10: 10 + 1 + 10, 60: 10 + 1 + 60, 90: 80} {
		b := successor(newClock(), Limits{WritesPerMinute: 80, MaxInFlight: most}, record)
		g.Expect(b.minute.used.writes).To(BeEquivalentTo(want))
	}
}

func TestTheWorstRecordCounts(t *testing.T) {
	g := NewWithT(t)
	clk := newClock()
	at := metav1.NewTime(start)
	until := func(d time.Duration) *metav1.Time { return &metav1.Time{Time: start.Add(d)} }
	b := successor(clk, Limits{WritesPerMinute: 80, RequestsPerHour: 5000},
		v1alpha1.Installation{ID: acme, ObservedAt: &at, Used: &v1alpha1.RateLimit{WritesPerMinute: new(int64(60)), RequestsPerHour: new(int64(70))}, PausedUntil: until(time.Minute)},
		v1alpha1.Installation{
			ID: acme, ObservedAt: &at, Used: &v1alpha1.RateLimit{WritesPerMinute: new(int64(20)), RequestsPerHour: new(int64(90))}, PausedUntil: until(time.Hour),
			Remaining: new(int64(0)), ResetAt: until(2 * time.Hour),
		},
		v1alpha1.Installation{ID: acme + "0", ObservedAt: &at, PausedUntil: until(5 * time.Hour)})
	g.Expect(b.PausedUntil(start)).To(Equal(start.Add(time.Hour)))
	g.Expect(b.minute.used.writes).To(BeEquivalentTo(60 + 11))
	g.Expect(b.hour.used.requests).To(BeEquivalentTo(90 + 11))
	ok, retryAt := b.tryTake(start.Add(time.Hour+time.Minute), ReadCost)
	g.Expect(ok).To(BeFalse())
	g.Expect(retryAt).To(Equal(start.Add(2*time.Hour)), "the SCM had said that nothing is left")
}

// lived is what an installation records after it sent writes for a time, each answered
// at once as answer says, and its clock then.
func lived(l Limits, d time.Duration, answer func(sent int64) Feedback) (*clocktesting.FakeClock, []v1alpha1.Installation) {
	clk := newClock()
	i := NewInstallations(clk)
	i.SetLimits(acme, "a", l)
	for sent := int64(1); clk.Since(start) < d; {
		p, retryAt := i.Get(acme).Bucket().take(clk.Now(), WriteCost, nil)
		if p == nil {
			clk.SetTime(earlier(retryAt, start.Add(d)))
			continue
		}
		p.answered(clk.Now(), 201, answer(sent))
		p.done()
		sent++
	}
	return clk, i.Records("a")
}

// firstAfter is how long it takes until something can be sent.
func (b *Bucket) firstAfter(now time.Time) time.Duration {
	began := now
	for ok, retryAt := b.tryTake(now, WriteCost); !ok; ok, retryAt = b.tryTake(now, WriteCost) {
		now = retryAt
	}
	return now.Sub(began)
}

func TestAMinutesLimitIsNotTakenForWhatRemainsUntilTheReset(t *testing.T) {
	g := NewWithT(t)
	l := Defaults("github.com").With(&v1alpha1.RateLimit{RequestsPerMinute: new(int64(60))})
	clk, records := lived(l, 58*time.Second, func(sent int64) Feedback { return says(5000, 5000-sent, time.Hour) })
	g.Expect(*records[0].Remaining).To(BeNumerically(">", 4900), "what GitHub said")
	g.Expect(*records[0].Used.RequestsPerMinute).To(BeEquivalentTo(60))
	clk.Step(time.Second)
	g.Expect(successor(clk, l, records...).firstAfter(clk.Now())).To(BeNumerically("<", 62*time.Second))
}

func TestASuccessorKnowsTheLimitThatWasLearned(t *testing.T) {
	hourly := func(limit int64) func(int64) Feedback {
		return func(sent int64) Feedback { return says(limit, limit-sent, time.Hour) }
	}
	gitlab := func(int64) Feedback {
		return Feedback{Limit: new(int64(4000)), Window: time.Minute, Remaining: new(int64(9000)), ResetAt: start.Add(2 * time.Minute)}
	}
	bitbucket := func(int64) Feedback { return Feedback{Limit: new(int64(5000)), Window: time.Hour} }
	github := Defaults("github.com")
	github.WritesPerMinute, github.PointsPerMinute = 0, 0
	for name, c := range map[string]struct {
		limits Limits
		d      time.Duration
		answer func(int64) Feedback
		want   Limits
	}{
		"of an hour":   {github, 30 * time.Minute, hourly(15_000), Limits{RequestsPerHour: 15_000}},
		"beside a set": {github.With(&v1alpha1.RateLimit{RequestsPerMinute: new(int64(500))}), 15 * time.Minute, hourly(15_000), Limits{RequestsPerHour: 15_000, RequestsPerMinute: 500}},
		"of a minute":  {Defaults("gitlab.com"), time.Minute, gitlab, Limits{RequestsPerMinute: 4000}},
		"of a minute, beside a set": {
			Defaults("gitlab.com").With(&v1alpha1.RateLimit{RequestsPerHour: new(int64(90_000))}), time.Minute, gitlab,
			Limits{RequestsPerMinute: 4000, RequestsPerHour: 90_000},
		},
		"without what remains": {Defaults("bitbucket.org"), 30 * time.Minute, bitbucket, Limits{RequestsPerHour: 5000}},
		"none, beside a set": {
			Defaults("gitlab.com").With(&v1alpha1.RateLimit{RequestsPerHour: new(int64(90_000))}), time.Minute, func(int64) Feedback { return Feedback{} },
			Limits{RequestsPerMinute: 2000, RequestsPerHour: 90_000},
		},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			clk, records := lived(c.limits, c.d, c.answer)
			clk.Step(2 * time.Second)
			b := successor(clk, c.limits, records...)
			got := b.Limits()
			g.Expect(Limits{RequestsPerHour: got.RequestsPerHour, RequestsPerMinute: got.RequestsPerMinute}).To(Equal(c.want))
			g.Expect(b.firstAfter(clk.Now())).To(BeNumerically("<=", time.Minute))
		})
	}
}

func TestWhatAPredecessorLearnedIsForgottenWhereNobodyTellsIt(t *testing.T) {
	g := NewWithT(t)
	set := Defaults("git.example.com").With(&v1alpha1.RateLimit{RequestsPerHour: new(int64(100))})
	clk, records := lived(set, time.Minute, func(int64) Feedback { return Feedback{} })
	b := successor(clk, Defaults("git.example.com"), records...)
	g.Expect(b.Limits().RequestsPerHour).To(BeEquivalentTo(100), "for now")
	p, _ := b.take(clk.Now(), ReadCost, nil)
	p.answered(clk.Now(), 502, Feedback{})
	g.Expect(b.Limits().RequestsPerHour).To(BeEquivalentTo(100), "that was not the SCM's word")
	p, _ = b.take(clk.Now(), ReadCost, nil)
	p.answered(clk.Now(), 200, Feedback{})
	g.Expect(b.Limits().RequestsPerHour).To(BeZero())
}

func TestWhatRemainedIsLessByWhatMayHaveBeenSpentSince(t *testing.T) {
	for name, c := range map[string]struct{ remaining, most, least int64 }{
		"much":            {4000, 4000 - 21, 4000 - 21 - 20},
		"the last tenth":  {400, 397, 390},
		"nothing is left": {0, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			l := Defaults("github.com")
			clk, records := lived(l, time.Second, func(int64) Feedback { return says(5000, c.remaining, time.Hour) })
			clk.Step(10 * time.Second)
			b := successor(clk, l, records...)
			left, reported := b.serverBudget.left(clk.Now(), 0)
			g.Expect(reported).To(BeTrue())
			g.Expect(left).To(And(BeNumerically("<=", c.most), BeNumerically(">=", c.least)))
			b.Observe(clk.Now(), says(5000, c.remaining, time.Hour))
			left, _ = b.serverBudget.left(clk.Now(), 0)
			g.Expect(left).To(Equal(c.remaining), "an answer knows better")
		})
	}
}

func TestABudgetThatResetsIsNoTokenBucketWhereItsLimitIsTakenAway(t *testing.T) {
	g := NewWithT(t)
	l := Limits{WritesPerMinute: 80}
	clk, records := lived(l, time.Second, func(int64) Feedback { return says(5000, 0, time.Hour) })
	clk.Step(30 * time.Minute)
	b := successor(clk, l, records...)
	g.Expect(b.firstAfter(clk.Now())).To(BeNumerically("~", 30*time.Minute, 5*time.Second))
}

func TestATokenBucketFillsFromWhenItWasRecorded(t *testing.T) {
	for name, c := range map[string]struct {
		downFor time.Duration
		want    int
	}{
		"at once":        {time.Second, 0},
		"after the gap":  {90 * time.Second, 60 / 2},
		"after for ever": {time.Hour, 60},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			l := Limits{LearnsPerHour: true, LearnsPerMinute: true}
			clk, records := lived(l, time.Second, func(int64) Feedback {
				return Feedback{Limit: new(int64(60)), Remaining: new(int64(0)), Refill: 0.5}
			})
			clk.Step(c.downFor)
			b, n := successor(clk, l, records...), 0
			for p, _ := b.take(clk.Now(), WriteCost, nil); p != nil; p, _ = b.take(clk.Now(), WriteCost, nil) {
				n++
			}
			g.Expect(n).To(BeNumerically("~", c.want, 2))
		})
	}
}

func TestAnInstallationWithoutARecordHasSpentNothing(t *testing.T) {
	g := NewWithT(t)
	b := successor(newClock(), Limits{WritesPerMinute: 80})
	g.Expect(b.takeAll(start)).To(Equal(10))
	g.Expect(b.minute.used.writes).To(BeEquivalentTo(10))
}

func TestRecordsAreOfWhatAScmProviderUsedLately(t *testing.T) {
	g := NewWithT(t)
	clk := newClock()
	i := NewInstallations(clk)
	for _, id := range []string{"a", "b", "c", "d"} {
		i.SetLimits(id, "acme", Limits{RequestsPerHour: 100})
	}
	i.SetLimits("other", "else", Limits{})
	for id, n := range map[string]int{"a": 1, "b": 3, "c": 2, "other": 1} {
		for range n {
			_, _ = i.Get(id).Bucket().tryTake(start, ReadCost)
		}
	}
	i.Get("c").Bucket().Observe(start, Feedback{PauseUntil: start.Add(90*time.Minute + time.Millisecond)})
	i.SetAccount("b", "octo")
	records := i.Records("acme")
	var ids []string
	for _, r := range records {
		ids = append(ids, r.ID)
	}
	g.Expect(ids).To(Equal([]string{"c", "b", "a"}), "paused first, then the largest share used; unused ones are not there")
	g.Expect(records[0].PausedUntil.Time).To(Equal(start.Add(90*time.Minute+time.Second)), "rounded up")
	g.Expect(records[1]).To(Equal(v1alpha1.Installation{
		ID: "b", Account: "octo", Limit: new(int64(100)), Remaining: new(int64(97)),
		Used: &v1alpha1.RateLimit{RequestsPerHour: new(int64(3))}, ObservedAt: &metav1.Time{Time: start},
	}))
	clk.Step(time.Hour)
	g.Expect(i.Records("acme")).To(HaveLen(1), "the paused one")
	clk.Step(time.Hour)
	g.Expect(i.Records("acme")).To(BeEmpty())
}

func TestAChangeThatASuccessorHasToKnowIsTold(t *testing.T) {
	g := NewWithT(t)
	clk := newClock()
	i := NewInstallations(clk)
	var reported []string
	i.OnPause(func(id string) { reported = append(reported, id) })
	b := i.Get(acme).Bucket()
	_, _ = b.tryTake(clk.Now(), ReadCost)
	g.Expect(reported).To(Equal([]string{acme}), "the first use")
	clk.Step(9 * time.Second)
	_, _ = b.tryTake(clk.Now(), ReadCost)
	g.Expect(reported).To(HaveLen(1))
	clk.Step(10 * time.Second)
	_, _ = b.tryTake(clk.Now(), ReadCost)
	g.Expect(reported).To(HaveLen(2), "a use after a while")
	b.Observe(clk.Now(), Feedback{PauseUntil: clk.Now().Add(time.Minute)})
	b.Observe(clk.Now(), Feedback{PauseUntil: clk.Now().Add(time.Second)})
	g.Expect(reported).To(HaveLen(3), "a pause, but none that changes nothing")
}
