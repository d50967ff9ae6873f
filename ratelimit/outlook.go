package ratelimit

import (
	"sort"
	"time"
)

// outlook is how long the items of a lane will wait. Since clusters take turns,
// that is a matter of how many of an item's own cluster leave before it.
type outlook struct {
	now    time.Time
	bucket *Bucket
	counts []int // items of each cluster
	// last is the last place in a cluster's order up to which each class reaches,
	// from waitNotTold on.
	last [waitLong]int
	down bool
	// waits are those that were computed.
	waits map[int]time.Duration
}

// foresee computes up to which place each class reaches.
func (o *outlook) foresee() {
	// What is over within half a minute is no news, however often it happens.
	o.down = o.bucket.downFor(o.now, noticeOver)
	most := 0
	for _, n := range o.counts {
		most = max(most, n)
	}
	for class, beyond := range [waitLong]time.Duration{noticeOver + 1, 10 * time.Minute, time.Hour} {
		o.last[class] = sort.Search(most, func(i int) bool { return o.wait(i+1) >= beyond })
	}
}

// wait is how long the item at a place in its cluster's order will wait: until
// then each other cluster has had as many turns, if it has as many items.
func (o *outlook) wait(place int) time.Duration {
	if wait, ok := o.waits[place]; ok {
		return wait
	}
	n := 0
	for _, each := range o.counts {
		n += min(each, place)
	}
	wait := o.bucket.Wait(o.now, n)
	o.waits[place] = wait
	return wait
}

func (o *outlook) classOf(place int) waitClass {
	if o.down {
		return waitDown
	}
	class := waitNotTold
	for class < waitLong && place > o.last[class] {
		class++
	}
	return class
}

// about is wait, of the next place that is a sixteenth further at most, without
// leaving the class: so few waits are computed, however many items are told.
func (o *outlook) about(place int, class waitClass) time.Duration {
	grain := 1
	for place/grain >= 32 {
		grain *= 2
	}
	further := (place + grain - 1) / grain * grain
	if class < waitLong {
		further = min(further, o.last[class])
	}
	return o.wait(further)
}
