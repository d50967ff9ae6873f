package ratelimit

import (
	"testing"

	. "github.com/onsi/gomega"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
)

func TestDefaultsFollowTheHost(t *testing.T) {
	github := Limits{RequestsPerHour: 5000, PointsPerMinute: 900, WritesPerMinute: 80, MaxInFlight: 10}
	for host, want := range map[string]Limits{
		"github.com":        github,
		"GitHub.com":        github,
		"acme.ghe.com":      github,
		"gitlab.com":        {RequestsPerMinute: 2000, MaxInFlight: 10},
		"bitbucket.org":     {RequestsPerHour: 1000, MaxInFlight: 10},
		"git.example.com":   {MaxInFlight: 10},
		"notghe.com":        {MaxInFlight: 10},
		"127.0.0.1:4711":    {MaxInFlight: 10},
		"github.com.evil.x": {MaxInFlight: 10},
	} {
		want.LearnsPerHour, want.LearnsPerMinute = true, true
		NewWithT(t).Expect(Defaults(host)).To(Equal(want), host)
	}
}

func TestWithReplacesOnlyWhatIsSet(t *testing.T) {
	g := NewWithT(t)
	l := Defaults("github.com")
	g.Expect(l.With(nil)).To(Equal(l))
	g.Expect(l.With(&v1alpha1.RateLimit{})).To(Equal(l))
	got := l.With(&v1alpha1.RateLimit{RequestsPerHour: new(int64(12500)), WritesPerMinute: new(int64(0)), WritesPerHour: new(int64(500))})
	g.Expect(got).To(Equal(Limits{RequestsPerHour: 12500, PointsPerMinute: 900, WritesPerHour: 500, MaxInFlight: 10, LearnsPerMinute: true}))
	all := v1alpha1.RateLimit{
		RequestsPerHour: new(int64(1)), RequestsPerMinute: new(int64(2)), PointsPerMinute: new(int64(3)),
		WritesPerMinute: new(int64(4)), WritesPerHour: new(int64(5)), MaxInFlight: new(int64(6)),
	}
	g.Expect(l.With(&all)).To(Equal(Limits{1, 2, 3, 4, 5, 6, false, false}))
	g.Expect(l.With(&v1alpha1.RateLimit{MaxInFlight: new(int64(-1))}).MaxInFlight).To(BeZero())
}

func TestMinTakesTheTighterOfEach(t *testing.T) {
	g := NewWithT(t)
	a := Limits{RequestsPerHour: 10, RequestsPerMinute: 0, PointsPerMinute: 30, WritesPerMinute: 0, WritesPerHour: 7, MaxInFlight: 2}
	b := Limits{RequestsPerHour: 20, RequestsPerMinute: 5, PointsPerMinute: 3, WritesPerMinute: 0, WritesPerHour: 0, MaxInFlight: 9}
	want := Limits{RequestsPerHour: 10, RequestsPerMinute: 5, PointsPerMinute: 3, WritesPerHour: 7, MaxInFlight: 2}
	g.Expect(a.Min(b)).To(Equal(want))
	g.Expect(b.Min(a)).To(Equal(want))
}
