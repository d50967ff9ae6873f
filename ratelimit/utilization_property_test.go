package ratelimit

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestAnyBacklogUses99PercentOfItsTightestLimit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		// The others are looser by a fifth at least.
		most := rapid.Int64Range(10, 600).Draw(t, "limit")
		looser := func(name string, perUnit int64) int64 {
			if rapid.Bool().Draw(t, "has "+name) {
				return most * perUnit * rapid.Int64Range(12, 100).Draw(t, name) / 10
			}
			return 0
		}
		window := time.Minute
		l := Limits{
			WritesPerMinute: most, RequestsPerMinute: looser("requests a minute", 1),
			PointsPerMinute: looser("points a minute", 5), RequestsPerHour: looser("requests an hour", 60),
		}
		if rapid.Bool().Draw(t, "an hour") {
			window = time.Hour
			l = Limits{WritesPerHour: most, RequestsPerHour: looser("requests", 1), WritesPerMinute: looser("writes a minute", 1)}
		}
		trip := time.Duration(rapid.Int64Range(0, int64(window/200)).Draw(t, "round trip"))
		if sent := len(backlog(newBucket(start, l), 10*window, trip)); int64(sent) < 10*most*99/100 {
			t.Fatalf("%d of %d were sent", sent, 10*most)
		}
	})
}
