package wire

import (
	"io"
	"net/http"
)

// maxBody is the longest request body that is read.
const maxBody = 1 << 20

// serve takes a request through its steps. Where it gets no answer, it ends by a panic
// that net/http knows.
func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	if !s.begin() {
		panic(http.ErrAbortHandler)
	}
	defer s.work.Done()

	x := &Exchange{Request: r}
	steps := s.options.Steps(x)
	s.Do(func() {
		x.Now = s.options.Clock.Now()
		s.open(x)
		steps.Arrive()
	})
	if steps.Leave != nil {
		defer s.Do(steps.Leave)
	}

	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	x.Body = body

	var refused *Answer
	var fault Fault
	s.Do(func() {
		x.Call.RequestBody = s.kept(body)
		// It is counted now, whatever was counted since it arrived.
		x.Now = s.options.Clock.Now()
		refused = steps.Admit()
		fault = s.takeFault(x)
	})
	s.interrupt(r, fault)
	if fault.ActLate > 0 {
		s.work.Go(func() { s.decideLater(x, steps, fault, refused) })
		panic(http.ErrAbortHandler)
	}
	a := s.decide(x, steps, fault, refused)
	if fault.DropAfter {
		panic(http.ErrAbortHandler)
	}
	if fault.HangAfter {
		s.hang(r)
	}
	s.write(w, a, fault)
}

// decide acts, unless the request was refused or the fault answers in the fake's place,
// and records the answer.
func (s *Server) decide(x *Exchange, steps Steps, fault Fault, refused *Answer) (a Answer) {
	s.Do(func() {
		switch {
		case fault.Status != 0:
			a = fault.answer(s.options)
		case refused != nil:
			a = *refused
		default:
			a = steps.Act()
		}
		if steps.Finish != nil {
			steps.Finish(&a)
		}
		fault.override(&a)
		steps.Announce(a)
		s.record(x, a, fault.loses())
	})
	return a
}

// decideLater decides when nobody waits for the answer any more.
func (s *Server) decideLater(x *Exchange, steps Steps, fault Fault, refused *Answer) {
	select {
	case <-s.options.Clock.After(fault.ActLate):
		s.decide(x, steps, fault, refused)
	case <-s.stop:
	}
}
