package ratelimit

import (
	"math"
	"time"
)

// slack is the most by which two responses may differ about the same reset.
const slack = 2 * time.Second

// serverBudget is the budget of requests as the SCM reported it last. Other clients may spend
// from it too, so it applies where it is lower than our own count.
type serverBudget struct {
	limit  int64 // 0: not told
	window time.Duration
	known  bool // whether remaining is
	// remaining is what was left at seenAt; for a token bucket it may be negative.
	remaining int64
	seenAt    time.Time
	resetAt   time.Time
	refill    float64 // a second
	batch     int64   // how much of it comes at once, 0 for one by one
	// ahead is the time until the reset when it was first reported.
	ahead time.Duration
	// restored reports whether all this comes from a predecessor's record. It applies until a
	// response reports more.
	restored bool
}

// observe applies a response, and reports whether it contains what remains. Responses may
// arrive out of order: within one window the lowest remaining counts, and a token bucket holds
// no more than it had before and got since.
func (s *serverBudget) observe(now time.Time, f Feedback) (reported bool) {
	restored := s.restored
	if f.Limit != nil && *f.Limit > 0 {
		s.limit, s.window, s.restored = *f.Limit, f.Window, false
	}
	if f.Remaining == nil || f.Refill <= 0 && !f.ResetAt.After(now) {
		return false
	}
	remaining, ahead := max(*f.Remaining, 0), f.ResetAt.Sub(now)
	if s.holds(now) && !restored && (s.refill > 0) == (f.Refill > 0) {
		apart := f.ResetAt.Sub(s.resetAt)
		switch {
		case s.refill > 0:
			filled := s.filled(now)
			if filled <= remaining && s.refill == f.Refill {
				// With what it got of the next one.
				return true
			}
			remaining = min(remaining, filled)
		case apart < -slack:
			return true
		case apart <= slack:
			remaining, ahead = min(remaining, s.remaining), s.ahead
		}
	}
	s.known, s.restored, s.remaining, s.seenAt = true, false, remaining, now
	s.resetAt, s.refill, s.batch, s.ahead = f.ResetAt, f.Refill, f.Batch, ahead
	return true
}

// counted records that the SCM counted a request. reported is the result of observe, and silent
// reports whether a working SCM reports no limit.
func (s *serverBudget) counted(reported, silent bool) {
	if !reported && s.known && (s.remaining > 0 || s.refill > 0) {
		// Below zero it is taken from what a token bucket got since.
		s.remaining--
	}
	if s.restored && silent {
		*s = serverBudget{}
	}
}

// holds reports whether remaining still applies.
func (s *serverBudget) holds(now time.Time) bool {
	return s.known && (s.refill > 0 || now.Before(s.resetAt))
}

// filled returns what remains with what a token bucket got since. The moment in its interval at
// which a response was made is unknown, so a batch counts only after a whole interval.
func (s *serverBudget) filled(now time.Time) int64 {
	n := s.remaining
	if s.refill > 0 {
		got := int64(s.refill * now.Sub(s.seenAt).Seconds())
		n += got / max(s.batch, 1) * max(s.batch, 1)
		if s.limit > 0 {
			n = min(n, s.limit)
		}
	}
	return n
}

// left returns how many requests may still be sent, counting those without a response. ok is
// false where the SCM reports nothing.
func (s *serverBudget) left(now time.Time, unanswered int64) (n int64, ok bool) {
	if !s.holds(now) {
		return 0, false
	}
	return max(s.filled(now)-unanswered, 0), true
}

// wait returns how long the next n requests have to wait for their turn; lastAt is the time of
// the last request. When less than a tenth is left, requests are spread until the reset.
func (s *serverBudget) wait(now, lastAt time.Time, n, unanswered int64) time.Duration {
	wait := s.lacks(now, n, unanswered)
	left, ok := s.left(now, unanswered)
	if wait > 0 || !ok || n == 0 || s.refill > 0 || float64(left)*10 >= s.whole() {
		return wait
	}
	next := lastAt.Add(s.resetAt.Sub(lastAt) / time.Duration(left+1))
	return max(next.Sub(now), 0)
}

// lacks returns how long it takes until n are left.
func (s *serverBudget) lacks(now time.Time, n, unanswered int64) time.Duration {
	left, ok := s.left(now, unanswered)
	switch {
	case !ok || left >= n:
		return 0
	case s.refill > 0:
		filled := s.filled(now)
		return max(s.seenAt.Add(s.fillTime(filled-s.remaining+n-left-min(filled, 0))).Sub(now), time.Millisecond)
	}
	return s.resetAt.Sub(now)
}

// fillTime returns how long after seenAt a token bucket has got n more.
func (s *serverBudget) fillTime(n int64) time.Duration {
	batch := max(s.batch, 1)
	batches := (n + batch - 1) / batch
	return time.Duration(math.Ceil(float64(batches*batch) / s.refill * float64(time.Second)))
}

// whole estimates what the SCM grants from one reset to the next, 0 where that is unknown.
// GitLab reports a limit for a minute, and a reset that may be an hour ahead.
func (s *serverBudget) whole() float64 {
	if s.window <= 0 {
		return float64(s.limit)
	}
	return float64(s.limit) * max(float64(s.ahead)/float64(s.window), 1)
}
