package chaos

import (
	"slices"
	"sync"
	"time"
)

// Count is how many faults of a kind there were, and how many of them met something.
type Count struct {
	Kind          Kind
	Group         Group
	Injected, Met int
}

// tally counts faults as they happen.
type tally struct {
	mu     sync.Mutex
	counts map[Kind]*Count
	// ended is when the last one was over.
	ended time.Time
	// leaders is how many met the replica that led, and takeOvers how long it took the
	// other to have the lease then.
	leaders   int
	takeOvers []time.Duration
	// woken are when stopped replicas went on.
	woken []Renewal
}

func newTally() *tally {
	t := &tally{counts: map[Kind]*Count{}}
	for _, group := range groups {
		for _, kind := range kindsOf[group] {
			t.counts[kind] = &Count{Kind: kind, Group: group}
		}
	}
	t.counts[LateWrite] = &Count{Kind: LateWrite, Group: SCM}
	return t
}

func (t *tally) add(kind Kind, met bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.counts[kind].Injected++
	if met {
		t.counts[kind].Met++
	}
	t.ended = time.Now()
}

func (t *tally) set(do func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	do()
}

// all are the counts in the order of the kinds.
func (t *tally) all() (counts []Count) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, group := range groups {
		for _, kind := range kindsOf[group] {
			counts = append(counts, *t.counts[kind])
		}
	}
	return append(counts, *t.counts[LateWrite])
}

// takeOver is the median and the longest time without a leader.
func (t *tally) takeOver() (median, longest time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.takeOvers) == 0 {
		return 0, 0
	}
	sorted := slices.Sorted(slices.Values(t.takeOvers))
	return sorted[len(sorted)/2], sorted[len(sorted)-1]
}
