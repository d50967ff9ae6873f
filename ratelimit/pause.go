package ratelimit

import "time"

const (
	// maxPause is the longest pause of an installation: a server that asks for more gets the
	// next request after a day.
	maxPause = 24 * time.Hour

	// GitHub docs, "Rate limits for the REST API": at a limit without a hint, wait
	// for at least one minute, then exponentially longer. longestWait bounds that.
	firstWait   = time.Minute
	longestWait = 15 * time.Minute
)

// pause is the time in which an installation sends nothing. It applies to all of its requests,
// and a later response never shortens it.
type pause struct {
	until time.Time
	// unguided is the number of refusals in a row without a time, less one for each minute in
	// which the SCM accepted requests again; easedAt is the time of the last decrement.
	unguided int
	easedAt  time.Time
}

// observe reports whether a response extended the pause. Responses to requests that were under
// way when a pause began do not count.
func (p *pause) observe(now time.Time, f Feedback) (longer bool) {
	switch before := p.until; {
	case !f.PauseUntil.IsZero():
		p.extend(now, f.PauseUntil)
		return p.until.After(before)
	case p.until.After(now):
		return false
	case f.Limited || f.Secondary:
		p.extend(now, now.Add(p.next()))
		p.unguided++
		p.easedAt = p.until
		return true
	case p.unguided > 0 && now.Sub(p.easedAt) >= firstWait:
		p.unguided--
		p.easedAt = now
	}
	return false
}

// next returns the pause after a refusal without a time.
func (p *pause) next() time.Duration {
	wait := firstWait
	for range p.unguided {
		if wait *= 2; wait >= longestWait {
			return longestWait
		}
	}
	return wait
}

// extend moves the end of the pause to a later time. A time in the past is ignored.
func (p *pause) extend(now, until time.Time) {
	if latest := now.Add(maxPause); until.After(latest) {
		until = latest
	}
	if until.After(now) && until.After(p.until) {
		p.until = until
	}
}
