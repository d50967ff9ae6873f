package ratelimit

import "time"

const (
	// maxPause bounds how long an answer can pause an installation: a server that
	// asks for more is asked again after a day.
	maxPause = 24 * time.Hour

	// GitHub docs, "Rate limits for the REST API": at a limit without a hint, wait
	// for at least one minute, then exponentially longer. longestWait bounds that.
	firstWait   = time.Minute
	longestWait = 15 * time.Minute
)

// pause is the time in which an installation is sent nothing. It holds for all
// of its requests, and a later answer never shortens it.
type pause struct {
	until time.Time
	// unguided is how often in a row the SCM refused without saying for how long,
	// less one for each minute in which it took requests again, the last at easedAt.
	unguided int
	easedAt  time.Time
}

// observe takes in an answer, and tells whether the pause became longer by it.
// What was under way when a pause began counts neither way.
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

// next is how long to wait at a limit that comes without a time.
func (p *pause) next() time.Duration {
	wait := firstWait
	for range p.unguided {
		if wait *= 2; wait >= longestWait {
			return longestWait
		}
	}
	return wait
}

// extend moves the end of the pause. A time in the past is ignored.
func (p *pause) extend(now, until time.Time) {
	if latest := now.Add(maxPause); until.After(latest) {
		until = latest
	}
	if until.After(now) && until.After(p.until) {
		p.until = until
	}
}
