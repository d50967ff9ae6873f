package web

import (
	"sync"
	"time"
)

// cached is a value that all readers share for a time, so that many who look cost what one does.
type cached[T any] struct {
	mu    sync.Mutex
	value T
	until time.Time
}

// get returns the value, and makes it where it is older than age. Readers wait for one of them
// that makes it.
func (c *cached[T]) get(now time.Time, age time.Duration, create func() (T, error)) (T, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now.Before(c.until) {
		return c.value, nil
	}
	value, err := create()
	if err != nil {
		return value, err
	}
	c.value, c.until = value, now.Add(age)
	return value, nil
}
