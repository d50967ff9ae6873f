package github

import (
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"sync"
)

// keyRing has the private keys of Apps. To make one takes long, so that all servers of a process
// have the same: the first that a server needs is the first of the ring.
type keyRing struct {
	mu   sync.Mutex
	keys []*rsa.PrivateKey
}

var keys keyRing

// number returns a key by its number, from 0.
func (r *keyRing) number(n int) *rsa.PrivateKey {
	r.mu.Lock()
	defer r.mu.Unlock()
	for len(r.keys) <= n {
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			panic(fmt.Sprintf("make a key for the fake GitHub's app: %v", err))
		}
		r.keys = append(r.keys, key)
	}
	return r.keys[n]
}
