package wire

import (
	"net/http"
	"strconv"
	"time"
)

// Pause is the time in which a client is to send nothing, because an answer asked for that.
type Pause struct{ from, until time.Time }

// Admit marks a request that came during the pause.
func (p Pause) Admit(x *Exchange) {
	if x.Now.Before(p.until) && !x.Now.Before(p.from) {
		x.Call.Violation = "sent during an announced pause"
	}
}

// Announce has the pause last until a time, if that is longer than it does. Requests within a
// grace from now on are taken for ones that were on their way already.
func (p *Pause) Announce(now, until time.Time, grace time.Duration) {
	if !until.After(p.until) || !until.After(now) {
		return
	}
	if !now.Before(p.until) {
		p.from = now.Add(grace)
	}
	p.until = until
}

// RetryAt is when the Retry-After of an answer, in seconds, is over; ok is false without one.
func RetryAt(header http.Header, now time.Time) (_ time.Time, ok bool) {
	seconds, err := strconv.Atoi(header.Get("Retry-After"))
	return now.Add(time.Duration(seconds) * time.Second), err == nil
}
