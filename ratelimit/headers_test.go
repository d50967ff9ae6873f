package ratelimit

import (
	"fmt"
	"net/http"
	"strconv"
	"testing"
	"time"

	. "github.com/onsi/gomega"
)

// answered makes headers of names and values in turn.
func answered(pairs ...string) http.Header {
	h := http.Header{}
	for i := 0; i < len(pairs); i += 2 {
		h.Add(pairs[i], pairs[i+1])
	}
	return h
}

func epoch(t time.Time) string { return strconv.FormatInt(t.Unix(), 10) }

func date(t time.Time) string { return t.UTC().Format(http.TimeFormat) }

func some(n int64) *int64 { return &n }

func TestEveryFamilyOfHeadersTellsTheBudget(t *testing.T) {
	later := start.Add(40 * time.Minute)
	for name, tc := range map[string]struct {
		header http.Header
		want   Feedback
	}{
		"none": {},
		"GitHub": {
			answered("x-ratelimit-limit", "5000", "x-ratelimit-remaining", "4211", "x-ratelimit-used", "789",
				"x-ratelimit-reset", epoch(later), "x-ratelimit-resource", "core"),
			Feedback{Limit: some(5000), Remaining: some(4211), Window: time.Hour, ResetAt: later},
		},
		"GitHub, spent": {
			answered("x-ratelimit-limit", "5000", "x-ratelimit-remaining", "0", "x-ratelimit-reset", epoch(later)),
			Feedback{Limit: some(5000), Remaining: some(0), Window: time.Hour, ResetAt: later},
		},
		"GitLab": {
			answered("RateLimit-Limit", "2000", "RateLimit-Observed", "1", "RateLimit-Remaining", "1999",
				"RateLimit-Reset", epoch(start.Add(30*time.Second)), "RateLimit-Name", "throttle_authenticated_api"),
			Feedback{Limit: some(2000), Remaining: some(1999), Window: time.Minute, ResetAt: start.Add(30 * time.Second)},
		},
		"GitLab, 7200 in an hour, told as 120 in a minute": {
			answered("RateLimit-Limit", "120", "RateLimit-Remaining", "7199", "RateLimit-Reset", epoch(later)),
			Feedback{Limit: some(120), Remaining: some(7199), Window: time.Minute, ResetAt: later},
		},
		"Bitbucket Cloud": {
			answered("X-RateLimit-Limit", "10000", "X-RateLimit-Resource", "api", "X-RateLimit-NearLimit", "true"),
			Feedback{Limit: some(10000), Window: time.Hour},
		},
		"Bitbucket Data Center": {
			answered("X-RateLimit-Limit", "60", "X-RateLimit-Remaining", "59", "X-RateLimit-Interval-Seconds", "2",
				"X-RateLimit-FillRate", "5", "retry-after", "0"),
			Feedback{Limit: some(60), Remaining: some(59), Refill: 2.5, Batch: 5},
		},
		"a token bucket has no reset": {
			answered("X-RateLimit-Limit", "60", "X-RateLimit-Interval-Seconds", "1", "X-RateLimit-FillRate", "5",
				"X-RateLimit-Reset", epoch(later)),
			Feedback{Limit: some(60), Refill: 5, Batch: 5},
		},
		"an interval of nothing": {answered("X-RateLimit-Interval-Seconds", "0", "X-RateLimit-FillRate", "5"), Feedback{}},
		"half a token bucket":    {answered("X-RateLimit-Limit", "60", "X-RateLimit-FillRate", "5"), Feedback{Limit: some(60)}},
		"blanks around":          {answered("x-ratelimit-limit", " 5000 "), Feedback{Limit: some(5000), Window: time.Hour}},
		"negative":               {answered("x-ratelimit-limit", "-1", "x-ratelimit-remaining", "-5", "x-ratelimit-reset", "-9"), Feedback{}},
		"not numbers":            {answered("x-ratelimit-limit", "many", "x-ratelimit-remaining", "1.5", "x-ratelimit-reset", "soon"), Feedback{}},
		"with a sign":            {answered("x-ratelimit-limit", "+5000"), Feedback{}},
		"empty":                  {answered("x-ratelimit-limit", "", "x-ratelimit-remaining", "", "x-ratelimit-reset", ""), Feedback{}},
		"repeated":               {answered("x-ratelimit-limit", "10", "x-ratelimit-limit", "20", "x-ratelimit-remaining", "1, 2"), Feedback{}},
		"a proxy's policy":       {answered("x-ratelimit-limit", "10, 10;w=60"), Feedback{}},
		"overflowing": {
			answered("x-ratelimit-limit", "2147483648", "x-ratelimit-remaining", "99999999999999999999",
				"x-ratelimit-reset", "9223372036854775807"),
			Feedback{},
		},
		"the largest count": {answered("x-ratelimit-limit", "2147483647"), Feedback{Limit: some(2147483647), Window: time.Hour}},
		"one bad value spoils no other": {
			answered("x-ratelimit-limit", "?", "x-ratelimit-remaining", "7", "x-ratelimit-reset", epoch(later)),
			Feedback{Remaining: some(7), ResetAt: later},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := Budget(tc.header, start)
			g := NewWithT(t)
			g.Expect(got.ResetAt.Equal(tc.want.ResetAt)).To(BeTrue(), "reset at %v", got.ResetAt)
			got.ResetAt = tc.want.ResetAt
			g.Expect(got).To(Equal(tc.want))
		})
	}
}

func TestAResetIsReckonedByOurClock(t *testing.T) {
	for name, tc := range map[string]struct {
		reset time.Time
		date  string
		want  time.Time
	}{
		"both clocks agree":         {start.Add(time.Minute), date(start), start.Add(time.Minute)},
		"the server's is behind":    {start.Add(-9 * time.Minute), date(start.Add(-10 * time.Minute)), start.Add(time.Minute)},
		"the server's is a day off": {start.Add(25 * time.Hour), date(start.Add(24 * time.Hour)), start.Add(time.Hour)},
		"no date":                   {start.Add(time.Minute), "", start.Add(time.Minute)},
		"a date that is none":       {start.Add(time.Minute), "today", start.Add(time.Minute)},
		"in the past":               {start.Add(-time.Second), date(start), time.Time{}},
		"now":                       {start, date(start), time.Time{}},
		"in the past by its clock":  {start.Add(time.Minute), date(start.Add(2 * time.Minute)), time.Time{}},
		"the furthest":              {start.Add(2 * time.Hour), date(start), start.Add(2 * time.Hour)},
		"too far ahead":             {start.Add(2*time.Hour + time.Second), date(start), time.Time{}},
		"a year ahead":              {start.Add(365 * 24 * time.Hour), date(start), time.Time{}},
	} {
		t.Run(name, func(t *testing.T) {
			for _, family := range []string{"x-ratelimit-reset", "ratelimit-reset"} {
				got := Budget(answered(family, epoch(tc.reset), "date", tc.date), start).ResetAt
				NewWithT(t).Expect(got.Equal(tc.want)).To(BeTrue(), "%s: %v", family, got)
			}
		})
	}
}

func TestServerTimesAreTakenLateRatherThanEarly(t *testing.T) {
	g := NewWithT(t)
	// The server's second has just begun, or is nearly over: its date is the same.
	for _, into := range []time.Duration{0, 300 * time.Millisecond, 999 * time.Millisecond} {
		now := start.Add(into)
		h := answered("date", date(now), "x-ratelimit-reset", epoch(start.Add(time.Minute)), "retry-after", date(start.Add(time.Minute)))
		until, _ := RetryAfter(h, now)
		for _, at := range []time.Time{Budget(h, now).ResetAt, until} {
			g.Expect(at.Sub(start.Add(time.Minute))).To(And(BeNumerically(">=", 0), BeNumerically("<", time.Second)))
		}
	}
}

func TestRetryAfterIsObeyedWithinBounds(t *testing.T) {
	for name, tc := range map[string]struct {
		header http.Header
		want   time.Duration // 0: it says nothing
	}{
		"absent":                        {answered(), 0},
		"seconds":                       {answered("retry-after", "30"), 30 * time.Second},
		"blanks around":                 {answered("retry-after", " 30 "), 30 * time.Second},
		"at once":                       {answered("retry-after", "0"), time.Second},
		"a day":                         {answered("retry-after", "86400"), 24 * time.Hour},
		"more than a day":               {answered("retry-after", "86401"), 24 * time.Hour},
		"the most of a long":            {answered("retry-after", "9223372036854775807"), 24 * time.Hour},
		"more than any number":          {answered("retry-after", "99999999999999999999999"), 24 * time.Hour},
		"a date":                        {answered("retry-after", date(start.Add(90*time.Second))), 90 * time.Second},
		"a date of another clock":       {answered("retry-after", date(start.Add(time.Hour)), "date", date(start.Add(50*time.Minute))), 10 * time.Minute},
		"seconds need no clock":         {answered("retry-after", "30", "date", date(start.Add(50*time.Minute))), 30 * time.Second},
		"a date that is over":           {answered("retry-after", date(start.Add(-time.Hour))), time.Second},
		"a date far ahead":              {answered("retry-after", "Fri, 31 Dec 9999 23:59:59 GMT"), 24 * time.Hour},
		"the older forms of a date":     {answered("retry-after", start.Add(time.Minute).Format(time.ANSIC)), time.Minute},
		"of several the latest":         {answered("retry-after", "5", "retry-after", "60", "retry-after", "x"), time.Minute},
		"negative":                      {answered("retry-after", "-5"), 0},
		"a fraction":                    {answered("retry-after", "1.5"), 0},
		"words":                         {answered("retry-after", "soon"), 0},
		"empty":                         {answered("retry-after", ""), 0},
		"numbers of other writing":      {answered("retry-after", "0x10"), 0},
		"two in one, which is no value": {answered("retry-after", "30, 60"), 0},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			until, ok := RetryAfter(tc.header, start)
			g.Expect(ok).To(Equal(tc.want != 0))
			if !ok {
				g.Expect(until).To(BeZero())
				return
			}
			g.Expect(until.Sub(start)).To(Equal(tc.want))
		})
	}
}

func TestWhatTheServerSaysIsObeyedInOrder(t *testing.T) {
	spent := []string{"x-ratelimit-remaining", "0", "x-ratelimit-reset", epoch(start.Add(40 * time.Minute))}
	for name, tc := range map[string]struct {
		header http.Header
		want   time.Time
	}{
		"retry-after first":           {answered(append(spent, "retry-after", "30")...), start.Add(30 * time.Second)},
		"then the reset when spent":   {answered(spent...), start.Add(40 * time.Minute)},
		"not the reset when not":      {answered("x-ratelimit-remaining", "1", "x-ratelimit-reset", epoch(start.Add(time.Hour))), time.Time{}},
		"nor when nothing is told":    {answered("x-ratelimit-reset", epoch(start.Add(time.Hour))), time.Time{}},
		"nor a reset that is over":    {answered("x-ratelimit-remaining", "0", "x-ratelimit-reset", epoch(start.Add(-time.Hour))), time.Time{}},
		"a retry-after of no meaning": {answered(append(spent, "retry-after", "soon")...), start.Add(40 * time.Minute)},
		"nothing":                     {nil, time.Time{}},
	} {
		t.Run(name, func(t *testing.T) {
			NewWithT(t).Expect(PauseAsked(tc.header, start).Equal(tc.want)).To(BeTrue())
		})
	}
}

func FuzzHeadersNeverLeadOutOfBounds(f *testing.F) {
	f.Add("5000", "0", epoch(start.Add(time.Hour)), "30", date(start), "1", "5", int64(0))
	f.Add("-1", "x", "9223372036854775807", "9223372036854775807", "Fri, 31 Dec 9999 23:59:59 GMT", "0", "0", int64(1))
	f.Add("2147483648", "1, 2", "0", date(start.Add(-time.Hour)), "", "", "2147483647", int64(999999999))
	f.Add("", "", "1099511627775", "Mon, 01 Jan 0001 00:00:00 GMT", "Mon, 01 Jan 0001 00:00:00 GMT", "-1", "1e9", int64(500))
	f.Fuzz(func(t *testing.T, limit, remaining, reset, retryAfter, date, interval, fill string, nanos int64) {
		now := start.Add(time.Duration(nanos % int64(time.Second)))
		g := NewWithT(t)
		for _, family := range []string{"X-RateLimit-", "RateLimit-"} {
			for _, bucket := range []bool{false, true} {
				h := answered(family+"Limit", limit, family+"Remaining", remaining, family+"Reset", reset, "Retry-After", retryAfter, "Date", date)
				if bucket {
					h.Set(family+"Interval-Seconds", interval)
					h.Set(family+"FillRate", fill)
				}
				within(g, Budget(h, now).ResetAt, now, 2*time.Hour)
				within(g, PauseAsked(h, now), now, 24*time.Hour)
				until, ok := RetryAfter(h, now)
				within(g, until, now, 24*time.Hour)
				g.Expect(until.IsZero()).To(Equal(!ok))
				b := Budget(h, now)
				for _, n := range []*int64{b.Limit, b.Remaining} {
					g.Expect(n == nil || *n >= 0 && *n < 1<<31).To(BeTrue(), "a count is believed")
				}
				g.Expect(b.Refill).To(And(BeNumerically(">=", 0), BeNumerically("<", 1<<31)), fmt.Sprint(h))
			}
		}
	})
}

// within expects at to be zero or after now, and no further ahead than most.
func within(g *WithT, at, now time.Time, most time.Duration) {
	if !at.IsZero() {
		g.Expect(at.Sub(now)).To(And(BeNumerically(">", 0), BeNumerically("<=", most)))
	}
}
