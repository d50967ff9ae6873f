package ratelimit

import "time"

// payment is one request's place in the windows, from before it is sent until its
// outcome is known. Exactly one of its methods is called, once.
type payment struct {
	bucket *Bucket
	cost   costs
	// key is what the request is about: for the breaker, nil for anything else.
	key any
	// probe reports whether the request finds out whether the SCM works again.
	probe bool
	// alone reports whether it counts as in flight by itself, not as part of a slot.
	alone bool
	// early reports whether a pause was in force by its answer's headers alone, and paused
	// whether there was one before.
	early, paused bool
}

// take pays for a request that is sent now by itself. Where that is not possible
// it takes nothing and returns when it is worth asking again.
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

// takeFree is take for a request that costs nothing and is not counted as in
// flight. slot is the one that the request is made for, if any.
func (b *Bucket) takeFree(now time.Time, slot *Slot) (*payment, time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now = b.advance(now)
	p := &payment{bucket: b}
	// Nothing is spent that would have to be on record.
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
		b.serverBudget.counted(false, false)
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

// refusedUntil pauses the installation by what an answer's headers alone say: its
// body may be long in coming.
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

// answered ends a request that got an answer now.
func (p *payment) answered(now time.Time, status int, f Feedback) {
	b := p.bucket
	b.mu.Lock()
	now = b.advance(now)
	spent := p.cost
	if f.Free {
		// What is not counted as a request is weighed in points all the same:
		// nobody documents that it is not.
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
	// All of it under one lock: what the answer says holds for whatever it lets go.
	notify, wake := b.react(now, f, paused), b.freed()
	b.mu.Unlock()
	wake()
	notify()
}

// done ends what a request of its own counts as in flight: when its body is closed.
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
