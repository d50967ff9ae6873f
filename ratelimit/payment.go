package ratelimit

import "time"

// payment is one request's place in the windows, from before it is sent until its
// outcome is known. Exactly one of its methods is called, once.
type payment struct {
	bucket *Bucket
	cost   tally
	// key is what the request is about: for the breaker, nil for anything else.
	key any
	// probe says that the request finds out whether the SCM works again.
	probe bool
	// alone says that it counts as in flight by itself, not as part of a slot.
	alone bool
}

// take pays for a request that is sent now by itself. Where that is not possible
// it takes nothing and returns when it is worth asking again.
func (b *Bucket) take(now time.Time, cost Cost, key any) (*payment, time.Time) {
	probe, tell, retryAt := b.enter(now, cost.tally())
	if tell == nil {
		return nil, retryAt
	}
	tell()
	return &payment{bucket: b, cost: cost.tally(), key: key, probe: probe, alone: true}, time.Time{}
}

// takeFree is take for a request that costs nothing and is not counted as in
// flight. slot is the one that the request is made for, if any.
func (b *Bucket) takeFree(now time.Time, slot *Slot) (*payment, time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now = b.advance(now)
	p := &payment{bucket: b}
	wait := b.pause.until.Sub(now)
	if slot != nil && slot.bucket == b && slot.probe {
		p.key, p.probe = slot.key, wait <= 0
		slot.probe = wait > 0
	} else if wait = max(wait, b.breaker.wait(now)); wait <= 0 {
		p.probe = b.breaker.sent()
	}
	if wait > 0 {
		return nil, now.Add(wait)
	}
	return p, time.Time{}
}

// refund takes back a request that never left, since no connection came about:
// that is what an outage looks like, unless nobody waited for it any more.
func (p *payment) refund(now time.Time, givenUp bool) {
	b := p.bucket
	b.mu.Lock()
	now = b.advance(now)
	b.release(now, p.cost)
	p.failed(now, givenUp)
	wake := b.freed()
	b.mu.Unlock()
	wake()
}

// lost ends a request that may have arrived, and whose answer will not come. It
// counts as if the server had counted it at its deadline. given up says that
// nobody waited for the answer any more, which tells nothing about the server.
func (p *payment) lost(now, deadline time.Time, givenUp bool) {
	b := p.bucket
	b.mu.Lock()
	now = b.advance(now)
	if deadline.Before(now) {
		deadline = now
	}
	if p.cost.requests > 0 {
		b.spend(p.cost, deadline)
		b.served.lost()
	}
	p.failed(now, givenUp)
	wake := b.freed()
	b.mu.Unlock()
	wake()
}

// failed tells the breaker. The caller holds the lock.
func (p *payment) failed(now time.Time, givenUp bool) {
	switch {
	case !givenUp:
		p.bucket.breaker.failed(now, p.key, p.probe)
	case p.probe:
		p.bucket.breaker.unsent()
	}
}

// answered ends a request that got an answer now.
func (p *payment) answered(now time.Time, status int, f Feedback) {
	b := p.bucket
	b.mu.Lock()
	now = b.advance(now)
	spent := p.cost
	if f.Free && spent.requests > 0 {
		// What is not counted as a request is weighed in points all the same:
		// nobody documents that it is not.
		free := tally{requests: spent.requests}
		b.minute.release(free)
		b.hour.release(free)
		for _, l := range b.limits {
			l.take(now, tally{}.minus(free))
		}
		spent.requests = 0
	}
	b.spend(spent, now)
	if status >= 500 && !f.Works {
		b.breaker.failed(now, p.key, p.probe)
	} else {
		b.breaker.worked()
	}
	wake := b.freed()
	b.mu.Unlock()
	wake()
	b.Observe(now, f)
}

// done ends what a request of its own counts as in flight: when its body is closed.
func (p *payment) done() {
	if !p.alone {
		return
	}
	b := p.bucket
	b.mu.Lock()
	b.inFlight--
	wake := b.freed()
	b.mu.Unlock()
	wake()
}
