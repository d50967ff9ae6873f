package ratelimit

import "sync"

// concurrency bounds what is in flight at one host, over all of its installations: half of
// what the other hosts leave. So an SCM that hangs, however many installations it has,
// never takes all workers.
type concurrency struct {
	mu sync.Mutex
	// most is how many there can be in all; 0 is no bound.
	most   int64
	total  int64
	byHost map[string]int64
	// refused are those that something has to be told when there is room again.
	refused map[*Bucket]struct{}
}

func newConcurrency() *concurrency {
	return &concurrency{byHost: map[string]int64{}, refused: map[*Bucket]struct{}{}}
}

// limit is how many there can be at all, and so at one host at most; 0 for no bound.
func (c *concurrency) limit() int64 {
	if c == nil {
		return 0
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.most
}

// enter counts one more in flight for a bucket, if there is room at its host. No
// concurrency has room for all.
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

// leave counts one less, and returns the buckets that may go on now.
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
