package ratelimit

import "time"

const (
	// patience is the time after a refusal in which another one halves the rate.
	patience = 10 * time.Minute
	// usualRate is what is halved at least where no limit is known and little was sent:
	// GitHub's own figure of writes a minute (see Defaults). One refused write of an idle
	// installation must not leave it next to none.
	usualRate = 80
	// quiet is the time without a refusal after which a rate that was halved doubles.
	quiet = time.Minute

	// resuming is the time after a pause in which keys leave one by one, resumeGap apart:
	// all that waited would otherwise leave at once.
	resuming  = time.Minute
	resumeGap = 50 * time.Millisecond
)

// reduction is how the rate of an installation is reduced after refusals whose limit the SCM
// does not tell. The first one in ten minutes that says when to go on reduces nothing:
// the pause that it asks for is kept to the letter. A second one, or one that does not
// say when to go on, halves the rate, which doubles back each minute without a refusal.
type reduction struct {
	// last is when the pause of the last refusal was over; zero: there was none.
	last time.Time
	// base is the rate a minute that was halved, halvings how often. None: nothing is cut.
	base, halvings int64
	changedAt      time.Time
}

// refused takes in a refusal. until is the end of the pause that follows it, and hinted
// reports whether the SCM asked for that pause; perMinute is the rate until now.
func (c *reduction) refused(now, until time.Time, hinted bool, perMinute int64) {
	repeated := !c.last.IsZero() && now.Sub(c.last) < patience
	c.last = later(now, until)
	if hinted && !repeated {
		return
	}
	if c.halvings == 0 {
		c.base = perMinute
	}
	if c.perMinute() > 1 {
		c.halvings++
	}
	c.changedAt = c.last
}

// worked takes in an answer that is no refusal.
func (c *reduction) worked(now time.Time) {
	if c.halvings > 0 && now.Sub(c.changedAt) >= quiet {
		c.halvings--
		c.changedAt = now
	}
}

// perMinute is the rate that is left: one a minute at least.
func (c *reduction) perMinute() int64 { return max(c.base>>c.halvings, 1) }

// gap is the time between two that leave, zero where nothing is cut.
func (c *reduction) gap() time.Duration {
	if c.halvings == 0 {
		return 0
	}
	return time.Minute / time.Duration(c.perMinute())
}

// perMinute is the rate that the tightest limit allows, or where there is none, what was
// sent in the last minute. The caller holds the lock.
func (b *Bucket) perMinute() int64 {
	var tightest int64
	for _, l := range b.limits {
		cost := l.of(WriteCost.costs())
		tightest = tighter(tightest, int64(float64(l.max)/l.window.length.Minutes())/cost)
	}
	if tightest > 0 {
		return tightest
	}
	return max(requestsOf(b.minute.used), usualRate)
}

// gap is the time until the next one may leave after one that leaves now. The caller
// holds the lock.
func (b *Bucket) gap(now time.Time) time.Duration {
	gap := b.reduction.gap()
	if since := now.Sub(b.pause.until); since < resuming {
		gap = max(gap, resumeGap)
	}
	return gap
}

// calm takes what the pacers saved up in a pause once it is over, so that no burst follows
// it. The caller holds the lock.
func (b *Bucket) calm(now time.Time) {
	if !b.pause.until.After(b.calmed) || now.Before(b.pause.until) {
		return
	}
	b.calmed = b.pause.until
	for _, l := range b.limits {
		l.calm(now, now.Sub(b.calmed))
	}
}

// spacing keeps those that leave apart.
type spacing struct{ next time.Time }

// wait is how long the next one has to wait; zero is now.
func (s *spacing) wait(now time.Time) time.Duration { return max(s.next.Sub(now), 0) }

// take has the next one leave no sooner than gap after one that leaves now.
func (s *spacing) take(now time.Time, gap time.Duration) {
	if gap > 0 {
		s.next = later(s.next, now).Add(gap)
	}
}

// giveBack takes back a gap of one that left and sent nothing.
func (s *spacing) giveBack(gap time.Duration) { s.next = s.next.Add(-gap) }
