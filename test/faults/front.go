package faults

import (
	"context"
	"crypto/tls"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"time"
)

// Fault is how a member misbehaves. The zero value is a member in good health.
type Fault struct {
	// Answer answers a request in the member's place, and reports whether it did.
	Answer func(out http.ResponseWriter, r *http.Request) bool
	// Header changes what an answer says of itself.
	Header func(http.Header)
	// Delay is how long each answer, and each piece of one, takes.
	Delay time.Duration
	// Stall says which answers stop in the middle of a piece.
	Stall func(*http.Request) bool
	// Mute says which answers bring nothing more and stay open. open says that an answer had
	// begun before the fault.
	Mute func(r *http.Request, open bool) bool
	// CutEvery is how long connections last, where it is set.
	CutEvery time.Duration
	// Reset says that connections are accepted and then reset.
	Reset bool
	// Certificate takes the place of the server's.
	Certificate *tls.Certificate
}

// Front is a TLS server before a member's API server. It misbehaves when it is told to.
type Front struct {
	// Server is there for its address and its certificate. Close it by Front's Close.
	Server *httptest.Server

	next     http.Handler
	listener *listener
	sent     atomic.Int64

	mu      sync.Mutex
	active  *active
	longest int64
	// renewed is the certificate after the server's own, nil for none.
	renewed *tls.Certificate
	// stops ends what else the member does that it should not.
	stops func()
}

// active is the fault of the moment. It ends when ctx does.
type active struct {
	Fault
	ctx  context.Context
	end  context.CancelFunc
	gone sync.WaitGroup
	met  atomic.Int64
}

// NewFront starts a front before next, on a free port of 127.0.0.1. The caller closes it.
func NewFront(next http.Handler) *Front {
	f := &Front{next: next}
	f.swap(Fault{})
	f.Server = httptest.NewUnstartedServer(http.HandlerFunc(f.serve))
	f.listener = newListener(f.Server.Listener)
	f.listener.refused = func() { f.now().met.Add(1) }
	f.Server.Listener = f.listener
	f.Server.EnableHTTP2 = true
	f.Server.Config.ErrorLog = log.New(io.Discard, "", 0)
	f.Server.TLS = &tls.Config{MinVersion: tls.VersionTLS12, GetConfigForClient: f.certify}
	f.Server.StartTLS()
	return f
}

// Close ends the fault and the server, for those too who would come again meanwhile.
func (f *Front) Close() {
	f.swap(Fault{})
	f.listener.refuse(true)
	f.listener.cut()
	f.Server.Close()
}

// Misbehave has the member misbehave from now on, in what is under way too.
func (f *Front) Misbehave(fault Fault) {
	a := f.swap(fault)
	f.listener.refuse(fault.Reset)
	if fault.CutEvery > 0 {
		a.gone.Go(func() { f.flap(a) })
	}
	if fault.Certificate != nil || fault.Reset {
		a.met.Add(int64(f.listener.cut()))
	}
}

// Behave has the member behave well again, at the same address. What it has left in the
// middle goes on.
func (f *Front) Behave() {
	changed := f.now().Certificate != nil
	f.mu.Lock()
	stops := f.stops
	f.mu.Unlock()
	if stops != nil {
		stops()
	}
	f.Misbehave(Fault{})
	if changed {
		f.listener.cut()
	}
}

// OnBehave says what else is to be done for the member to behave well.
func (f *Front) OnBehave(do func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.stops = do
}

// Cut resets the connections that there are.
func (f *Front) Cut() { f.listener.cut() }

// Renew gives the server another certificate for good, and resets the connections that
// there are.
func (f *Front) Renew(certificate *tls.Certificate) {
	f.mu.Lock()
	f.renewed = certificate
	f.mu.Unlock()
	f.listener.cut()
}

// Met is how many requests and connections have met the fault.
func (f *Front) Met() int64 { return f.now().met.Load() }

// Sent is how many bytes were answered.
func (f *Front) Sent() int64 { return f.sent.Load() }

// Longest is how many bytes of one answer were taken, of the longest.
func (f *Front) Longest() int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.longest
}

func (f *Front) count(piece, whole int64) {
	f.sent.Add(piece)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.longest = max(f.longest, whole)
}

func (f *Front) now() *active {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.active
}

// swap makes a fault the one of the moment, and waits for the end of the one before.
func (f *Front) swap(fault Fault) *active {
	a := &active{Fault: fault}
	a.ctx, a.end = context.WithCancel(context.Background())
	f.mu.Lock()
	before := f.active
	f.active = a
	f.mu.Unlock()
	if before != nil {
		before.end()
		before.gone.Wait()
	}
	return a
}

func (f *Front) flap(a *active) {
	ticker := time.NewTicker(a.CutEvery)
	defer ticker.Stop()
	for {
		select {
		case <-a.ctx.Done():
			return
		case <-ticker.C:
			a.met.Add(1)
			f.listener.cut()
		}
	}
}

// certify chooses the certificate of a connection.
func (f *Front) certify(*tls.ClientHelloInfo) (*tls.Config, error) {
	f.mu.Lock()
	a, certificate := f.active, f.renewed
	f.mu.Unlock()
	if a.Certificate != nil {
		a.met.Add(1)
		certificate = a.Certificate
	}
	if certificate == nil {
		return nil, nil // the server's own
	}
	return &tls.Config{
		MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{*certificate}, NextProtos: []string{"h2", "http/1.1"},
	}, nil
}

func (f *Front) serve(out http.ResponseWriter, r *http.Request) {
	a := f.now()
	spoiled := &answer{ResponseWriter: out, front: f, request: r, begunUnder: a}
	spoiled.wait(a)
	if a.Answer != nil && a.Answer(spoiled, r) {
		a.met.Add(1)
		return
	}
	spoiled.pass(f.next)
}
