package ratelimit

import "time"

const (
	// patience is the time after a refusal in which another one halves the rate.
	patience = 10 * time.Minute
	// usualRate is the lowest rate a minute from which halving starts where no limit is known
	// and little was sent: GitHub's own limit of writes a minute (see Defaults). One refused
	// write must not leave an idle installation with next to no rate.
	usualRate = 80
	// quiet is the time without a refusal after which a rate that was halved doubles.
	quiet = time.Minute

	// resuming is the time after a pause in which keys leave one by one, resumeGap apart.
	// Without it all waiting keys would leave at once.
	resuming  = time.Minute
	resumeGap = 50 * time.Millisecond
)

// reduction lowers the rate of an installation after refusals for which the SCM does not report
// a limit. The first refusal in ten minutes lowers nothing if it says when to continue: its
// pause is respected exactly. A second one, or one without a time, halves the rate. The rate
// doubles again after each minute without a refusal.
type reduction struct {
	// last is the end of the pause after the last refusal; zero if there was none.
	last time.Time
	// base is the rate a minute before the first halving, halvings the number of halvings in
	// force. Without one the rate is not reduced.
	base, halvings int64
	changedAt      time.Time
}

// refused records a refusal. until is the end of the pause that follows it, hinted reports
// whether the SCM asked for that pause, and perMinute is the rate until now.
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

// worked records a response that is not a refusal.
func (c *reduction) worked(now time.Time) {
	if c.halvings > 0 && now.Sub(c.changedAt) >= quiet {
		c.halvings--
		c.changedAt = now
	}
}

// perMinute returns the reduced rate, at least one a minute.
func (c *reduction) perMinute() int64 { return max(c.base>>c.halvings, 1) }

// gap returns the time between two departures from the lane, zero where the rate is not
// reduced.
func (c *reduction) gap() time.Duration {
	if c.halvings == 0 {
		return 0
	}
	return time.Minute / time.Duration(c.perMinute())
}

// perMinute returns the rate of the tightest limit; without a limit, the requests of the last
// minute. The caller holds the lock.
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

// gap returns the minimum time between an item that leaves now and the next. The caller holds
// the lock.
func (b *Bucket) gap(now time.Time) time.Duration {
	gap := b.reduction.gap()
	if since := now.Sub(b.pause.until); since < resuming {
		gap = max(gap, resumeGap)
	}
	return gap
}

// calm takes from the pacers what they saved during a pause that is over, so that no burst
// follows it. The caller holds the lock.
func (b *Bucket) calm(now time.Time) {
	if !b.pause.until.After(b.calmed) || now.Before(b.pause.until) {
		return
	}
	b.calmed = b.pause.until
	for _, l := range b.limits {
		l.calm(now, now.Sub(b.calmed))
	}
}

// spacing keeps a minimum time between items that leave.
type spacing struct{ next time.Time }

// wait returns how long the next item has to wait; zero means not at all.
func (s *spacing) wait(now time.Time) time.Duration { return max(s.next.Sub(now), 0) }

// take lets the next item leave no sooner than gap after the one that leaves now.
func (s *spacing) take(now time.Time, gap time.Duration) {
	if gap > 0 {
		s.next = later(s.next, now).Add(gap)
	}
}

// giveBack removes the gap of an item that left and sent nothing.
func (s *spacing) giveBack(gap time.Duration) { s.next = s.next.Add(-gap) }
