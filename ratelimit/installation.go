package ratelimit

import (
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"k8s.io/utils/clock"
)

// Installations hands out one Installation for each identity, however many
// ScmProviders use it. Its methods are safe for concurrent use.
type Installations struct {
	clock clock.WithTicker

	mu     sync.Mutex
	byID   map[string]*Installation
	limits map[string]map[string]Limits // id -> ScmProvider -> what it allows
}

// NewInstallations makes an empty set of installations that tell time by clk.
func NewInstallations(clk clock.WithTicker) *Installations {
	return &Installations{
		clock:  clk,
		byID:   map[string]*Installation{},
		limits: map[string]map[string]Limits{},
	}
}

// Get returns the installation with an identity, and makes it on first use. The
// same id always gives the same one. An id starts with the SCM's web host and a
// slash; until SetLimits, the limits are that host's defaults.
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
			bucket:    newBucket(i.clock.Now(), defaultsOf(id)),
			transport: newTransport(),
		}
		i.byID[id] = in
	}
	return in
}

// SetLimits says what one ScmProvider allows at an installation. The tightest of
// all ScmProviders that share it is in force, from now on and without forgetting
// what was spent.
func (i *Installations) SetLimits(id, scmProvider string, l Limits) {
	i.mu.Lock()
	in := i.get(id)
	if i.limits[id] == nil {
		i.limits[id] = map[string]Limits{}
	}
	i.limits[id][scmProvider] = l
	wake := in.bucket.setLimits(i.clock.Now(), i.effective(id))
	i.mu.Unlock()
	wake()
}

// Release says that a ScmProvider is gone: what it allowed counts no longer. The
// installations that it used stay, with what was spent of them.
func (i *Installations) Release(scmProvider string) {
	var wakes []func()
	i.mu.Lock()
	for id, byProvider := range i.limits {
		if _, ok := byProvider[scmProvider]; !ok {
			continue
		}
		delete(byProvider, scmProvider)
		if len(byProvider) == 0 {
			delete(i.limits, id)
		}
		wakes = append(wakes, i.byID[id].bucket.setLimits(i.clock.Now(), i.effective(id)))
	}
	i.mu.Unlock()
	for _, wake := range wakes {
		wake()
	}
}

// CloseIdleConnections closes the connections that no request uses now.
func (i *Installations) CloseIdleConnections() {
	i.mu.Lock()
	defer i.mu.Unlock()
	for _, in := range i.byID {
		in.transport.CloseIdleConnections()
	}
}

func (i *Installations) effective(id string) Limits {
	byProvider := i.limits[id]
	if len(byProvider) == 0 {
		return defaultsOf(id)
	}
	var l Limits
	for _, each := range byProvider {
		l = l.Min(each)
	}
	return l
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
	bucket    *Bucket
	transport *http.Transport
}

// ID is the identity, such as github.com/app/12345/installation/678.
func (in *Installation) ID() string { return in.id }

// Bucket is the budget.
func (in *Installation) Bucket() *Bucket { return in.bucket }

// PausedUntil is when the installation may be asked again, and zero where it may
// be asked now.
func (in *Installation) PausedUntil() time.Time {
	return in.bucket.PausedUntil(in.clock.Now())
}

// newTransport makes the connection pool of an installation. How long an answer
// may take is the request's own deadline.
func newTransport() *http.Transport {
	dialer := &net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            dialer.DialContext,
		ForceAttemptHTTP2:      true,
		TLSHandshakeTimeout:    10 * time.Second,
		ExpectContinueTimeout:  time.Second,
		MaxIdleConns:           32,
		MaxIdleConnsPerHost:    16,
		IdleConnTimeout:        90 * time.Second,
		MaxResponseHeaderBytes: 256 << 10,
	}
}
