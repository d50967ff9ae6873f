package ratelimit

import "time"

const (
	// tripping is the number of different keys in a row for which an SCM has to fail before the
	// breaker opens.
	tripping = 3

	firstProbe   = time.Second
	longestProbe = time.Minute
)

// breaker limits what an outage of an SCM costs: without it each key would wait for a time-out
// of its own. It opens after requests for three different keys in a row found no server, or one
// that answered 5xx. An open breaker lets one request at a time through as a probe: the first
// after a second, then after twice as long each time, up to a minute. Any response that shows
// that the SCM works closes it.
type breaker struct {
	failing []any
	open    bool
	since   time.Time
	probeAt time.Time
	delay   time.Duration
	probing bool
}

// wait returns how long the next request has to wait; zero means not at all.
func (b *breaker) wait(now time.Time) time.Duration {
	switch {
	case !b.open:
		return 0
	case b.probing:
		return soon
	}
	return max(b.probeAt.Sub(now), 0)
}

// sent reports whether the request that is sent now is a probe, and marks a probe as under way.
func (b *breaker) sent() (probe bool) {
	if b.open {
		b.probing = true
	}
	return b.open
}

// failed records that a request for a key got no response, or a 5xx.
func (b *breaker) failed(now time.Time, key any, probe bool) {
	if b.open {
		if probe {
			b.probing = false
			b.delay = min(2*b.delay, longestProbe)
			b.probeAt = now.Add(b.delay)
		}
		return
	}
	for _, k := range b.failing {
		if k == key {
			return
		}
	}
	if b.failing = append(b.failing, key); len(b.failing) < tripping {
		return
	}
	*b = breaker{open: true, since: now, delay: firstProbe, probeAt: now.Add(firstProbe)}
}

// worked closes the breaker after a response that shows that the SCM works.
func (b *breaker) worked() { *b = breaker{} }

// unsent cancels a probe that was not sent.
func (b *breaker) unsent() { b.probing = false }
