package kubeconfigs

import (
	"math/rand/v2"
	"time"

	"k8s.io/utils/clock"
)

const (
	// A member that comes up late, as in an installation of everything at once,
	// is engaged within eagerMax during its first eagerFor.
	firstWait  = time.Second
	eagerMax   = 10 * time.Second
	eagerFor   = time.Minute
	patientMax = time.Minute
)

// backoff says when to try a member again: after 1 s, then twice as long each
// time, at most 10 s during the first minute and at most 1 min later.
type backoff struct {
	clock clock.PassiveClock

	since     time.Time // the first failure of this run of failures
	succeeded time.Time // the end of the run before
	wait      time.Duration
}

// next returns how long to wait after a failure. The wait is shortened by up to
// a fifth at random, so that members which failed together do not return
// together.
func (b *backoff) next() time.Duration {
	now := b.clock.Now()
	if !b.succeeded.IsZero() && now.Sub(b.succeeded) > patientMax {
		b.reset() // it was well for a while: this is another outage
	}
	b.succeeded = time.Time{}
	if b.since.IsZero() {
		b.since = now
	}
	limit := patientMax
	if now.Sub(b.since) < eagerFor {
		limit = eagerMax
	}
	b.wait = min(max(2*b.wait, firstWait), limit)
	return b.wait - time.Duration(rand.Int64N(int64(b.wait/5)))
}

// success notes an attempt that went well. The waits start over only if it
// stays well for a minute: a member that fails every other time keeps them.
func (b *backoff) success() {
	if b.succeeded.IsZero() {
		b.succeeded = b.clock.Now()
	}
}

// reset starts over, for something new that deserves its own attempts.
func (b *backoff) reset() {
	*b = backoff{clock: b.clock}
}
