package ratelimit

import (
	"testing"
	"time"
)

// BenchmarkUtilization works off a backlog for ten windows, by a fake clock, with a
// round trip of 0.5 % of the window.
func BenchmarkUtilization(b *testing.B) {
	for _, c := range []struct {
		host   string
		most   int
		window time.Duration
		limit  string
		unit   string
	}{
		{"github.com", 80, time.Minute, "80_writes_a_minute", "minute"},
		{"gitlab.com", 2000, time.Minute, "2000_requests_a_minute", "minute"},
		{"bitbucket.org", 1000, time.Hour, "1000_requests_an_hour", "hour"},
	} {
		b.Run(c.host+"_"+c.limit, func(b *testing.B) {
			roundTrip := c.window / 200
			var sent []time.Time
			for b.Loop() {
				sent = backlog(newBucket(start, Defaults(c.host)), 10*c.window, roundTrip)
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(100*float64(len(sent))/float64(10*c.most), "%-of-limit-used")
			b.ReportMetric(float64(mostCounted(sent, c.window, roundTrip)), "most-in-any-"+c.unit)
		})
	}
}

// mostCounted is the most that a server can count in any window, wherever in the
// round trip it counts each request: the last one when it was sent, those before
// it when they were answered.
func mostCounted(sent []time.Time, window, roundTrip time.Duration) (most int) {
	first := 0
	for last, at := range sent {
		for at.Sub(sent[first]) >= window+roundTrip {
			first++
		}
		most = max(most, last-first+1)
	}
	return most
}
