package ratelimit

import "time"

const (
	// tripping is for how many different keys in a row an SCM has to fail.
	tripping = 3

	firstProbe   = time.Second
	longestProbe = time.Minute
)

// breaker keeps an outage of an SCM from costing a time-out for each key. When
// requests for three different keys in a row found no server, or one that
// answered 5xx, the installation is half-open: one request at a time is let
// through as a probe, at first after a second, then after twice as long each time
// up to a minute. Any answer that shows the SCM at work closes it.
type breaker struct {
	failing []any
	open    bool
	since   time.Time
	probeAt time.Time
	delay   time.Duration
	probing bool
}

// wait is how long the next request has to wait; zero is now.
func (b *breaker) wait(now time.Time) time.Duration {
	switch {
	case !b.open:
		return 0
	case b.probing:
		return soon
	}
	return max(b.probeAt.Sub(now), 0)
}

// sent tells whether the request that is sent now is a probe.
func (b *breaker) sent() (probe bool) {
	if b.open {
		b.probing = true
	}
	return b.open
}

// failed takes in that a request for a key got no answer, or a 5xx.
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

// worked takes in an answer that shows the SCM at work.
func (b *breaker) worked() { *b = breaker{} }

// unsent takes back a probe that was not sent.
func (b *breaker) unsent() { b.probing = false }
