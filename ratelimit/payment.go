package ratelimit

import "time"

// payment is one request's place in the windows, from before it is sent until its outcome is
// known. Exactly one of refund, lost and answered is called, once.
type payment struct {
	bucket *Bucket
	cost   costs
	// key identifies the request for the breaker, nil where it belongs to no key.
	key any
	// probe reports whether the request tests whether the SCM works again.
	probe bool
	// alone reports whether it counts as in flight by itself instead of as part of a slot.
	alone bool
	// early reports whether the response's headers alone began a pause, and paused whether one
	// was in force before.
	early, paused bool
}

// take pays for a single request that is sent now. If that is not possible it takes nothing and
// returns the time to try again.
func (b *Bucket) take(now time.Time, cost Cost, key any) (*payment, time.Time) {
	t := cost.costs()
	b.mu.Lock()
	now = b.advance(now)
	notify := b.want(now)
	probe, ok, retryAt := b.enter(now, t)
	if ok {
		notify = b.send(now, t)
	}
	b.mu.Unlock()
	notify()
	if !ok {
		return nil, retryAt
	}
	return &payment{bucket: b, cost: t, key: key, probe: probe, alone: true}, time.Time{}
}

// takeFree is take for a request that costs nothing and does not count as in flight. slot is
// the one for which the request is made, if any.
func (b *Bucket) takeFree(now time.Time, slot *Slot) (*payment, time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now = b.advance(now)
	p := &payment{bucket: b}
	// A free request spends nothing, so it does not have to be on record.
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

// refund gives back the cost of a request that was never sent, since no connection was made.
// That is a sign of an outage, unless the caller gave up.
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

// lost ends a request that may have arrived and gets no response. It counts as if the server
// had counted it at its deadline. givenUp reports whether the caller canceled it, which says
// nothing about the server.
func (p *payment) lost(now, deadline time.Time, givenUp bool) {
	b := p.bucket
	b.mu.Lock()
	now = b.advance(now)
	if deadline.Before(now) {
		deadline = now
	}
	if p.cost.requests > 0 {
		b.spend(p.cost, deadline)
		b.serverBudget.counted(false, false)
	}
	p.failed(now, givenUp)
	wake := b.freed()
	b.mu.Unlock()
	wake()
}

// failed passes a failure to the breaker. The caller holds the lock.
func (p *payment) failed(now time.Time, givenUp bool) {
	switch {
	case !givenUp:
		p.bucket.breaker.failed(now, p.key, p.probe)
	case p.probe:
		p.bucket.breaker.unsent()
	}
}

// refusedUntil pauses the installation by the headers of a response alone, since the body may
// take long.
func (p *payment) refusedUntil(now, until time.Time) {
	b := p.bucket
	b.mu.Lock()
	now = b.advance(now)
	before := b.pause.until
	p.early, p.paused = true, before.After(now)
	b.pause.extend(now, until)
	longer, onPause := b.pause.until.After(before), b.onPause
	b.mu.Unlock()
	if longer {
		onPause()
	}
}

// answered ends a request that got a response now.
func (p *payment) answered(now time.Time, status int, f Feedback) {
	b := p.bucket
	b.mu.Lock()
	now = b.advance(now)
	spent := p.cost
	if f.Free {
		// A request that is not counted still costs points: it is not documented that it is
		// free of them.
		b.release(now, costs{requests: spent.requests})
		spent.requests = 0
	}
	b.spend(spent, now)
	works := (status < 500 || f.Works) && !f.Foreign
	if works {
		b.breaker.worked()
	} else {
		b.breaker.failed(now, p.key, p.probe)
	}
	paused := b.pause.until.After(now)
	if p.early {
		paused = p.paused
	}
	reported := b.serverBudget.observe(now, f)
	if spent.requests > 0 {
		b.serverBudget.counted(reported, works && f.Limit == nil)
	}
	// This happens under one lock, so that what the response says applies to the requests that
	// it releases.
	notify, wake := b.react(now, f, paused), b.freed()
	b.mu.Unlock()
	wake()
	notify()
}

// done ends the time in flight of a single request, when its body is closed.
func (p *payment) done() {
	if !p.alone {
		return
	}
	b := p.bucket
	b.mu.Lock()
	wake := b.leave()
	b.mu.Unlock()
	wake()
}
