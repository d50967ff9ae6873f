package ratelimit

import (
	"sort"
	"time"
)

// sharing is how many items those have that take turns.
type sharing struct {
	// counts are theirs, the fewest first, and sums how many the first so many have.
	counts, sums []int
}

func sharingOf(counts []int) sharing {
	sort.Ints(counts)
	sums := make([]int, len(counts)+1)
	for i, n := range counts {
		sums[i+1] = sums[i] + n
	}
	return sharing{counts, sums}
}

// until is how many items leave until one of them has left so many: until then each other
// one has had as many turns, if it has as many items.
func (s sharing) until(place int) int {
	fewer := sort.SearchInts(s.counts, place)
	return s.sums[fewer] + place*(len(s.counts)-fewer)
}

// estimate is how long the items of a lane will wait. Since clusters take turns, and their
// namespaces within those, that is a matter of how many of an item's own leave before it.
type estimate struct {
	now      time.Time
	bucket   *Bucket
	clusters sharing
	// last is the last turn of a cluster up to which each class reaches, from
	// waitNotTold on.
	last [waitLong]int
	down bool
	// waits are those that were computed.
	waits map[int]time.Duration
}

// computeClasses computes up to which place each class reaches.
func (o *estimate) computeClasses() {
	// What is over within half a minute is no news, however often it happens.
	o.down = o.bucket.downFor(o.now, noticeOver)
	most := 0
	for _, n := range o.clusters.counts {
		most = max(most, n)
	}
	for class, beyond := range [waitLong]time.Duration{noticeOver + 1, 10 * time.Minute, time.Hour} {
		o.last[class] = sort.Search(most, func(i int) bool { return o.wait(i+1) >= beyond })
	}
}

// wait is how long the item at a turn of its cluster will wait.
func (o *estimate) wait(turn int) time.Duration {
	if wait, ok := o.waits[turn]; ok {
		return wait
	}
	wait := o.bucket.Wait(o.now, o.clusters.until(turn))
	o.waits[turn] = wait
	return wait
}

func (o *estimate) classOf(turn int) waitClass {
	if o.down {
		return waitDown
	}
	class := waitShort
	for class < waitLong && turn > o.last[class] {
		class++
	}
	return class
}

// about is wait, of the next turn that is a sixteenth further at most, without
// leaving the class: so few waits are computed, however many items are told.
func (o *estimate) about(turn int, class waitClass) time.Duration {
	grain := 1
	for turn/grain >= 32 {
		grain *= 2
	}
	further := (turn + grain - 1) / grain * grain
	if class < waitLong {
		further = min(further, o.last[class])
	}
	return o.wait(further)
}
