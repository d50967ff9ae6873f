package ratelimit

import (
	"context"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"k8s.io/utils/clock"
)

// Installations has one Installation for each identity, however many ScmProviders use it. Its
// methods are safe for concurrent use.
type Installations struct {
	clock       clock.WithTicker
	gate        *gate
	concurrency *concurrency

	mu     sync.Mutex
	byID   map[string]*Installation
	limits map[string]map[string]Limits // id -> ScmProvider -> what it allows
	// leftOut bounds, by host, what a predecessor used of installations without a record.
	leftOut map[string]*leftOut
	// kept reports whether records are kept. Then new installations have to be on record before
	// they send.
	kept bool
	// onPause contains the functions that OnPause added.
	onPause []func(id string)
	// onRequest is what OnRequest set, nil for nothing. All installations share it.
	onRequest *requestObserver
}

// requestObserver is called after each request.
type requestObserver = atomic.Pointer[func(context.Context, Request)]

// NewInstallations returns an empty set of installations that use clk as their clock.
func NewInstallations(clk clock.WithTicker) *Installations {
	return &Installations{
		clock:       clk,
		gate:        &gate{},
		concurrency: newConcurrency(),
		byID:        map[string]*Installation{},
		limits:      map[string]map[string]Limits{},
		onRequest:   &requestObserver{},

		leftOut: map[string]*leftOut{},
	}
}

// Get returns the installation with an identity, and makes it on first use. The same id always
// returns the same one. An id starts with the SCM's web host and a slash; until SetLimits is
// called, the host's default limits apply.
func (i *Installations) Get(id string) *Installation {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.get(id)
}

func (i *Installations) get(id string) *Installation {
	in, ok := i.byID[id]
	if !ok {
		in = &Installation{
			id:        id,
			clock:     i.clock,
			gate:      i.gate,
			onRequest: i.onRequest,
			bucket:    newBucket(i.clock.Now(), defaultsOf(id)),
			transport: newTransport(),
		}
		in.transport.DialContext = i.gate.after(in.transport.DialContext)
		in.bucket.onPause = func() { i.paused(id) }
		in.bucket.host, _, _ = strings.Cut(id, "/")
		in.bucket.concurrency = i.concurrency
		in.bucket.leftOut = i.leftOut[in.bucket.host]
		if i.kept {
			in.bucket.sendUntil = i.clock.Now()
		}
		i.byID[id] = in
	}
	return in
}

// Blocked reports whether an installation sends nothing now, because of a pause or an outage of
// its SCM.
func (i *Installations) Blocked(id string) bool {
	i.mu.Lock()
	in := i.byID[id]
	i.mu.Unlock()
	return in != nil && (!in.PausedUntil().IsZero() || in.bucket.Down())
}

// SetLimits sets what one ScmProvider allows at an installation. The tightest limits of all
// ScmProviders that share it apply at once, and what was spent stays counted.
func (i *Installations) SetLimits(id, scmProvider string, l Limits) {
	i.mu.Lock()
	in := i.get(id)
	if i.limits[id] == nil {
		i.limits[id] = map[string]Limits{}
	}
	i.limits[id][scmProvider] = l
	wake := in.bucket.setLimits(i.clock.Now(), i.ceilings(id)...)
	i.mu.Unlock()
	wake()
}

// Replace replaces all limits of one ScmProvider, by the ids of installations, in one step.
// Installations that it no longer uses stay, with what was spent of them.
func (i *Installations) Replace(scmProvider string, allowed map[string]Limits) {
	var wakes []func()
	i.mu.Lock()
	for id := range allowed {
		i.get(id)
	}
	for id, in := range i.byID {
		if i.allow(id, scmProvider, allowed) {
			wakes = append(wakes, in.bucket.setLimits(i.clock.Now(), i.ceilings(id)...))
		}
	}
	i.mu.Unlock()
	for _, wake := range wakes {
		wake()
	}
}

// allow is Replace for one installation. It reports whether the ScmProvider had or has limits
// there.
func (i *Installations) allow(id, scmProvider string, allowed map[string]Limits) (concerned bool) {
	byProvider := i.limits[id]
	_, before := byProvider[scmProvider]
	limits, now := allowed[id]
	switch {
	case now && byProvider == nil:
		i.limits[id] = map[string]Limits{scmProvider: limits}
	case now:
		byProvider[scmProvider] = limits
	case before:
		delete(byProvider, scmProvider)
		if len(byProvider) == 0 {
			delete(i.limits, id)
		}
	}
	return before || now
}

// SendUntil lets installations send until a time: those in the last Records except those for
// which except returns true, and those that no ScmProvider uses any more, which no record can
// contain. For all others nothing changes. The keeper of records calls it with the time up to
// which a successor that restores them accounts for requests. After the first call, a new
// installation sends nothing before it is on record.
func (i *Installations) SendUntil(until time.Time, except func(id string) bool) {
	i.mu.Lock()
	i.kept = true
	var let []*Bucket
	for id, in := range i.byID {
		if in.bucket.letUntil(i.clock.Now(), until, except(id), len(i.limits[id]) == 0) {
			let = append(let, in.bucket)
		}
	}
	i.mu.Unlock()
	for _, b := range let {
		b.wake()
	}
}

// letUntil is SendUntil for one bucket. It reports whether the bucket may send until then.
func (b *Bucket) letUntil(now, until time.Time, except, unused bool) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case !except && (b.listed || unused):
		b.sendUntil = until
		return true
	case b.sendUntil.IsZero():
		b.sendUntil = now
	}
	return false
}

// ShareAmong limits the requests in flight at the installations of one host to half of what the
// other hosts leave of most, the limit over all hosts.
func (i *Installations) ShareAmong(most int) {
	i.concurrency.mu.Lock()
	defer i.concurrency.mu.Unlock()
	i.concurrency.most = int64(most)
}

// CloseIdleConnections closes the connections that no request uses now.
func (i *Installations) CloseIdleConnections() {
	i.mu.Lock()
	defer i.mu.Unlock()
	for _, in := range i.byID {
		in.transport.CloseIdleConnections()
	}
}

// ceilings returns the limits of the ScmProviders that use an installation, or its defaults.
func (i *Installations) ceilings(id string) []Limits {
	byProvider := i.limits[id]
	if len(byProvider) == 0 {
		return []Limits{defaultsOf(id)}
	}
	return slices.Collect(maps.Values(byProvider))
}

// OnPause adds a function that is called when a pause of an installation begins or is extended,
// when an installation is used again after an idle time, and when it has to be on record before
// it sends. A successor has to know each of these at once. call runs on the request's
// goroutine, so it must not take long; the queue may be locked, so it must not use it.
func (i *Installations) OnPause(call func(id string)) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.onPause = append(i.onPause, call)
}

func (i *Installations) paused(id string) {
	i.mu.Lock()
	calls := slices.Clone(i.onPause)
	i.mu.Unlock()
	for _, call := range calls {
		call(id)
	}
}

func defaultsOf(id string) Limits {
	host, _, _ := strings.Cut(id, "/")
	return Defaults(host)
}

// Installation is one identity at an SCM, with its budget and its connections,
// for the whole life of the process.
type Installation struct {
	id        string
	clock     clock.PassiveClock
	gate      *gate
	bucket    *Bucket
	transport *http.Transport
	// onRequest is called after each request.
	onRequest *requestObserver
	// http1 reports whether the last response came over HTTP/1.
	http1 atomic.Bool

	mu      sync.Mutex
	account string
}

// ID returns the identity, such as github.com/app/12345/installation/678.
func (in *Installation) ID() string { return in.id }

// Bucket returns the installation's budget.
func (in *Installation) Bucket() *Bucket { return in.bucket }

// PausedUntil returns the end of a pause, and zero where the installation is not paused.
func (in *Installation) PausedUntil() time.Time {
	return in.bucket.PausedUntil(in.clock.Now())
}

// mostIdle is the number of idle connections that are kept: as many as the hub has workers by
// default, since maxInFlight may be no limit.
const mostIdle = 256

// newTransport returns the connection pool of an installation. It has no time-out for a whole
// response: that is the request's own deadline.
func newTransport() *http.Transport {
	dialer := &net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            dialer.DialContext,
		ForceAttemptHTTP2:      true,
		TLSHandshakeTimeout:    10 * time.Second,
		ExpectContinueTimeout:  time.Second,
		MaxIdleConns:           mostIdle,
		MaxIdleConnsPerHost:    mostIdle,
		IdleConnTimeout:        90 * time.Second,
		MaxResponseHeaderBytes: 256 << 10,
	}
}
