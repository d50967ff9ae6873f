package ratelimit

import "time"

// slack is by how much two answers may differ in what they say of the same reset.
const slack = 2 * time.Second

// served is what the SCM itself said last about the budget of requests. Others
// may spend from it too, so it is believed where it is lower than our own count.
type served struct {
	limit     int64 // 0: not told
	window    time.Duration
	known     bool // whether remaining is
	remaining int64
	seenAt    time.Time
	resetAt   time.Time
	refill    float64 // a second
}

// observe takes in what an answer says. Answers overtake one another: within one
// window less is left with each, whatever order they come in.
func (s *served) observe(now time.Time, f Feedback) {
	if f.Limit != nil && *f.Limit > 0 {
		s.limit, s.window = *f.Limit, f.Window
	}
	if f.Remaining == nil || f.Refill <= 0 && !f.ResetAt.After(now) {
		return
	}
	remaining := max(*f.Remaining, 0)
	if s.holds(now) && s.refill == 0 && f.Refill == 0 {
		switch apart := f.ResetAt.Sub(s.resetAt); {
		case apart < -slack:
			return
		case apart <= slack:
			remaining = min(remaining, s.remaining)
		}
	}
	s.known, s.remaining, s.seenAt = true, remaining, now
	s.resetAt, s.refill = f.ResetAt, f.Refill
}

// holds tells whether what was said of what remains is still true.
func (s *served) holds(now time.Time) bool {
	return s.known && (s.refill > 0 || now.Before(s.resetAt))
}

// left is how many requests may still be sent, with those in mind that have no
// answer yet. ok is false where the SCM does not say.
func (s *served) left(now time.Time, unanswered int64) (n int64, ok bool) {
	if !s.holds(now) {
		return 0, false
	}
	n = s.remaining
	if s.refill > 0 {
		n += int64(s.refill * now.Sub(s.seenAt).Seconds())
		if s.limit > 0 {
			n = min(n, s.limit)
		}
	}
	return max(n-unanswered, 0), true
}

// wait is how long the next n requests have to wait; lastAt is when one was sent
// before. When less than a tenth is left, that is spread until the reset.
func (s *served) wait(now, lastAt time.Time, n, unanswered int64) time.Duration {
	left, ok := s.left(now, unanswered)
	if !ok || n == 0 {
		return 0
	}
	if s.refill > 0 {
		if left >= n {
			return 0
		}
		return max(time.Duration(float64(n-left)/s.refill*float64(time.Second)), time.Millisecond)
	}
	if left < n {
		return s.resetAt.Sub(now)
	}
	if left*10 >= s.limit {
		return 0
	}
	next := lastAt.Add(s.resetAt.Sub(lastAt) / time.Duration(left+1))
	return max(next.Sub(now), 0)
}

// lost counts a request whose answer will not come.
func (s *served) lost() {
	if s.known && s.remaining > 0 {
		s.remaining--
	}
}
