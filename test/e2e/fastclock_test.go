package e2e

import (
	"sync"
	"time"

	"k8s.io/utils/clock"
)

// fastClock is a clock whose rate can be changed, and which can be moved on. It
// starts as the real time, at the real rate.
type fastClock struct {
	mu     sync.Mutex
	rate   float64
	at     time.Time // what it showed
	since  time.Time // at that real time
	timers map[*fastTimer]struct{}
}

var _ clock.WithTickerAndDelayedExecution = (*fastClock)(nil)

func newFastClock() *fastClock {
	now := time.Now()
	return &fastClock{rate: 1, at: now.Round(0), since: now, timers: map[*fastTimer]struct{}{}}
}

// run lets the time go rate times as fast as the real one from now on.
func (c *fastClock) run(rate float64) {
	c.set(func() { c.rate = rate })
}

// skip moves the clock on.
func (c *fastClock) skip(d time.Duration) {
	c.set(func() { c.at = c.at.Add(d) })
}

func (c *fastClock) set(change func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	c.at, c.since = c.now(now), now
	change()
	for t := range c.timers {
		t.arm()
	}
}

func (c *fastClock) now(at time.Time) time.Time {
	return c.at.Add(time.Duration(float64(at.Sub(c.since)) * c.rate))
}

// Now is the clock's time.
func (c *fastClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now(time.Now())
}

// Since is how long ago t was by this clock.
func (c *fastClock) Since(t time.Time) time.Duration { return c.Now().Sub(t) }

// After tells once when d has passed.
func (c *fastClock) After(d time.Duration) <-chan time.Time { return c.NewTimer(d).C() }

// Sleep returns when d has passed.
func (c *fastClock) Sleep(d time.Duration) { <-c.After(d) }

// Tick tells each time that d has passed.
func (c *fastClock) Tick(d time.Duration) <-chan time.Time { return c.NewTicker(d).C() }

// NewTimer makes a timer that tells once.
func (c *fastClock) NewTimer(d time.Duration) clock.Timer { return c.timer(d, 0, nil) }

// NewTicker makes a ticker.
func (c *fastClock) NewTicker(d time.Duration) clock.Ticker { return fastTicker{c.timer(d, d, nil)} }

// AfterFunc calls f, in a goroutine of its own, when d has passed.
func (c *fastClock) AfterFunc(d time.Duration, f func()) clock.Timer { return c.timer(d, 0, f) }

func (c *fastClock) timer(d, every time.Duration, call func()) *fastTimer {
	t := &fastTimer{clock: c, every: every, call: call, told: make(chan time.Time, 1)}
	t.Reset(d)
	return t
}

// fastTimer is a timer or a ticker of a fastClock, which guards it.
type fastTimer struct {
	clock *fastClock
	due   time.Time
	every time.Duration
	call  func()
	told  chan time.Time
	real  *time.Timer
}

// C is where the timer tells.
func (t *fastTimer) C() <-chan time.Time { return t.told }

// Stop ends the timer. It tells whether that was running.
func (t *fastTimer) Stop() bool {
	t.clock.mu.Lock()
	defer t.clock.mu.Unlock()
	_, running := t.clock.timers[t]
	delete(t.clock.timers, t)
	t.real.Stop()
	return running
}

// Reset starts the timer anew. It tells whether that was running.
func (t *fastTimer) Reset(d time.Duration) bool {
	t.clock.mu.Lock()
	defer t.clock.mu.Unlock()
	_, running := t.clock.timers[t]
	t.clock.timers[t] = struct{}{}
	t.due = t.clock.now(time.Now()).Add(d)
	t.arm()
	return running
}

// arm has the timer looked at when it is due at the rate of now.
func (t *fastTimer) arm() {
	left := time.Duration(float64(t.due.Sub(t.clock.now(time.Now()))) / t.clock.rate)
	if t.real == nil {
		t.real = time.AfterFunc(left, t.look)
		return
	}
	t.real.Reset(left)
}

// look tells if the timer is due.
func (t *fastTimer) look() {
	if now, due := t.take(); due && t.call != nil {
		t.call()
	} else if due {
		select {
		case t.told <- now:
		default:
		}
	}
}

func (t *fastTimer) take() (now time.Time, due bool) {
	t.clock.mu.Lock()
	defer t.clock.mu.Unlock()
	now = t.clock.now(time.Now())
	switch _, running := t.clock.timers[t]; {
	case !running:
		return now, false
	case now.Before(t.due):
		t.arm()
		return now, false
	case t.every == 0:
		delete(t.clock.timers, t)
	default:
		for ; !t.due.After(now); t.due = t.due.Add(t.every) {
		}
		t.arm()
	}
	return now, true
}

type fastTicker struct{ *fastTimer }

// Stop ends the ticker.
func (t fastTicker) Stop() { t.fastTimer.Stop() }
