package ratelimit

import "sync"

// concurrency limits the requests in flight at one host, over all of its installations, to half
// of what the other hosts leave free. So an SCM that hangs never takes all workers, however
// many installations it has.
type concurrency struct {
	mu sync.Mutex
	// most is the limit over all hosts; 0 means no limit.
	most   int64
	total  int64
	byHost map[string]int64
	// refused contains the buckets to wake when there is room again.
	refused map[*Bucket]struct{}
}

func newConcurrency() *concurrency {
	return &concurrency{byHost: map[string]int64{}, refused: map[*Bucket]struct{}{}}
}

// limit returns the limit over all hosts, which also bounds each single host; 0 means no limit.
func (c *concurrency) limit() int64 {
	if c == nil {
		return 0
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.most
}

// enter reports whether there is room at the bucket's host, and then counts one more request in
// flight. A nil concurrency always has room.
func (c *concurrency) enter(b *Bucket) bool {
	if c == nil {
		return true
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	here := c.byHost[b.host]
	if c.most > 0 && here >= max((c.most-(c.total-here))/2, 1) {
		c.refused[b] = struct{}{}
		return false
	}
	c.byHost[b.host]++
	c.total++
	return true
}

// leave counts one request less, and returns the buckets to wake.
func (c *concurrency) leave(b *Bucket) (freed []*Bucket) {
	if c == nil {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.total--
	if c.byHost[b.host]--; c.byHost[b.host] == 0 {
		delete(c.byHost, b.host)
	}
	for each := range c.refused {
		if each != b {
			freed = append(freed, each)
		}
	}
	clear(c.refused)
	return freed
}
