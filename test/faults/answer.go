package faults

import (
	"net/http"
	"time"
)

// answer is a member's answer on its way through the front.
type answer struct {
	http.ResponseWriter
	front   *Front
	request *http.Request
	begun   bool
	size    int64
	// begunUnder is the fault of when the request came.
	begunUnder *active
}

// Unwrap is for http.ResponseController.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// WriteHeader implements http.ResponseWriter.
func (a *answer) WriteHeader(code int) {
	a.begun = true
	if fault := a.front.now(); fault.Header != nil {
		fault.met.Add(1)
		fault.Header(a.Header())
	}
	a.ResponseWriter.WriteHeader(code)
}

// Write implements http.ResponseWriter. A piece that stops in its middle goes on when the
// fault ends.
func (a *answer) Write(p []byte) (int, error) {
	if !a.begun {
		a.WriteHeader(http.StatusOK)
	}
	fault := a.front.now()
	a.wait(fault)
	if fault.Mute != nil && fault.Mute(a.request, fault != a.begunUnder) {
		fault.met.Add(1)
		return len(p), nil
	}
	done := 0
	if fault.Stall != nil && fault.Stall(a.request) {
		var err error
		if done, err = a.send(p[:len(p)/2]); err != nil {
			return done, err
		}
		_ = http.NewResponseController(a.ResponseWriter).Flush()
		fault.met.Add(1)
		select {
		case <-fault.ctx.Done():
		case <-a.request.Context().Done():
			return done, a.request.Context().Err()
		}
	}
	n, err := a.send(p[done:])
	return done + n, err
}

// pass has next answer. An answer that is mute stays open although what is behind the front has
// ended it.
func (a *answer) pass(next http.Handler) {
	defer func() {
		broken := recover() // how a proxy ends an answer that broke off
		if !a.holdOpen() && broken != nil {
			panic(broken)
		}
	}()
	next.ServeHTTP(a, a.request)
}

// holdOpen waits for the end of the fault or of the request, and reports whether it did.
func (a *answer) holdOpen() bool {
	fault := a.front.now()
	if !a.begun || fault.Mute == nil || !fault.Mute(a.request, fault != a.begunUnder) {
		return false
	}
	fault.met.Add(1)
	select {
	case <-fault.ctx.Done():
	case <-a.request.Context().Done():
	}
	return true
}

func (a *answer) send(p []byte) (int, error) {
	n, err := a.ResponseWriter.Write(p)
	a.size += int64(n)
	a.front.count(int64(n), a.size)
	return n, err
}

// wait takes the time that the fault says.
func (a *answer) wait(fault *active) {
	if fault.Delay == 0 {
		return
	}
	fault.met.Add(1)
	timer := time.NewTimer(fault.Delay)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-fault.ctx.Done():
	case <-a.request.Context().Done():
	}
}
