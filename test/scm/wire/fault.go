package wire

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// Fault makes the server misbehave. Delay comes first and goes together with each of
// the others; of those, one is set.
type Fault struct {
	// Match says which requests it meets; it may read the body. All, when nil. It must
	// not call the server.
	Match func(*http.Request) bool
	// Times is how many requests it meets: one when 0, all when negative.
	Times int

	// Delay passes, by the server's clock, before the request is acted upon.
	Delay time.Duration
	// Status answers without acting.
	Status int
	// Header goes with the answer, whoever gives it, in place of what the SCM would
	// send. A name without values takes the header away.
	Header http.Header
	// Body is the body of the answer that Status gives.
	Body string
	// DropBefore closes the connection without acting.
	DropBefore bool
	// DropAfter acts, then closes the connection without an answer.
	DropAfter bool
	// CutBody acts, sends half of the answer's body, then closes the connection.
	CutBody bool
	// SlowBody acts, and takes so long to send the answer's body, piece by piece.
	SlowBody time.Duration
	// HangAfter acts, and keeps the answer until its client goes away or the server is
	// closed.
	HangAfter bool
	// ActLate closes the connection without an answer, and acts so long after that, by the
	// server's clock.
	ActLate time.Duration
	// Hang keeps the request until its client goes away or the server is closed.
	Hang bool
}

// loses reports whether the answer does not leave as a whole.
func (f Fault) loses() bool { return f.DropAfter || f.CutBody || f.HangAfter || f.ActLate > 0 }

// answer is the one that Status gives.
func (f Fault) answer(o Options) Answer {
	contentType := o.Form.Text
	if strings.HasPrefix(strings.TrimSpace(f.Body), "{") {
		contentType = o.Form.JSON
	}
	return Answer{Status: f.Status, Header: http.Header{"Content-Type": {contentType}}, Body: []byte(f.Body)}
}

// override puts the fault's headers into an answer.
func (f Fault) override(a *Answer) {
	for name, values := range f.Header {
		if len(values) == 0 {
			a.Header.Del(name)
			continue
		}
		a.Header[http.CanonicalHeaderKey(name)] = slices.Clone(values)
	}
}
