package web

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/argoproj-labs/commit-status-hub/hub/ledger"
	"github.com/argoproj-labs/commit-status-hub/ratelimit"
)

const (
	// recentRequests is how many of the newest requests of all commits are kept, so that who looks
	// at a commit for the first time finds something.
	recentRequests = 1024
	// commitRequests is how many of the newest requests are kept of a commit that is looked at.
	commitRequests = 20
	// mostLookedAt is how many commits are kept so, and lookedAtFor how long after the last look.
	mostLookedAt = 200
	lookedAtFor  = time.Hour
)

// requests keeps the newest requests to SCMs: some of all commits, and those of each commit that is
// looked at.
type requests struct {
	mu     sync.Mutex
	recent ring[keyedRequest]
	// lookedAt are the commits that are looked at, by their key.
	lookedAt map[ledger.Key]*lookedAt
}

// keyedRequest is a request with the key that it is about.
type keyedRequest struct {
	key ledger.Key
	Request
}

// lookedAt is one commit that is looked at.
type lookedAt struct {
	requests ring[keyedRequest]
	at       time.Time
}

func newRequests() *requests {
	return &requests{recent: ring[keyedRequest]{size: recentRequests}, lookedAt: map[ledger.Key]*lookedAt{}}
}

// observe keeps a request that was sent to an SCM.
func (r *requests) observe(ctx context.Context, sent ratelimit.Request) {
	key, ok := ledger.KeyFrom(ctx)
	if !ok {
		return
	}
	entry := keyedRequest{key, Request{
		At: sent.SentAt.UTC(), Method: sent.Method, Code: sent.Code, Operation: sent.Operation, Name: key.Name,
		Milliseconds: sent.Took.Milliseconds(), Installation: sent.Installation,
	}}
	key.Name = ""
	r.mu.Lock()
	defer r.mu.Unlock()
	r.recent.add(entry)
	if c := r.lookedAt[key]; c != nil {
		c.requests.add(entry)
	}
}

// of returns the newest requests about a commit, the newest first, and keeps them from now on.
func (r *requests) of(commit ledger.Key, now time.Time) []Request {
	r.mu.Lock()
	defer r.mu.Unlock()
	c := r.lookedAt[commit]
	if c == nil {
		r.makeRoom(now)
		c = &lookedAt{requests: ring[keyedRequest]{size: commitRequests}}
		r.lookedAt[commit] = c
		for _, entry := range r.recent.all() {
			key := entry.key
			if key.Name = ""; key == commit {
				c.requests.add(entry)
			}
		}
	}
	c.at = now
	var out []Request
	for _, entry := range c.requests.all() {
		out = append(out, entry.Request)
	}
	slices.Reverse(out)
	return out
}

// makeRoom drops the commits that nobody has looked at for long, and the one that nobody has looked
// at for the longest time where there are too many.
func (r *requests) makeRoom(now time.Time) {
	maps.DeleteFunc(r.lookedAt, func(_ ledger.Key, c *lookedAt) bool { return now.Sub(c.at) > lookedAtFor })
	if len(r.lookedAt) < mostLookedAt {
		return
	}
	var oldest ledger.Key
	for key, c := range r.lookedAt {
		if o := r.lookedAt[oldest]; o == nil || c.at.Before(o.at) {
			oldest = key
		}
	}
	delete(r.lookedAt, oldest)
}

// ring is a list of the newest entries, size at most.
type ring[T any] struct {
	size    int
	entries []T
	// next is the index of the oldest entry once the ring is full.
	next int
}

func (r *ring[T]) add(entry T) {
	if len(r.entries) < r.size {
		r.entries = append(r.entries, entry)
		return
	}
	r.entries[r.next] = entry
	r.next = (r.next + 1) % r.size
}

// all returns the entries, the oldest first.
func (r *ring[T]) all() []T {
	return slices.Concat(r.entries[r.next:], r.entries[:r.next])
}
