package ratelimit

import (
	"sort"
	"time"
)

// sharing describes how clusters or namespaces with items take turns.
type sharing struct {
	// counts contains the number of items of each in ascending order, sums the sums of the
	// first of them.
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

// until returns the number of items that have left when the first of them has lost place items:
// until then each other one has had as many turns, if it has as many items.
func (s sharing) until(place int) int {
	fewer := sort.SearchInts(s.counts, place)
	return s.sums[fewer] + place*(len(s.counts)-fewer)
}

// estimate computes how long the items of a lane will wait. Clusters take turns, and so do the
// namespaces in each, so it depends on the number of an item's own that leave before it.
type estimate struct {
	now      time.Time
	bucket   *Bucket
	clusters sharing
	// last is, for each class from waitShort on, the last turn of a cluster that is in the
	// class.
	last [waitLong]int
	down bool
	// waits caches the computed waits by turn.
	waits map[int]time.Duration
}

// computeClasses computes the last turn of each class.
func (o *estimate) computeClasses() {
	// An outage of less than half a minute is not reported, however often it happens.
	o.down = o.bucket.downFor(o.now, noticeOver)
	most := 0
	for _, n := range o.clusters.counts {
		most = max(most, n)
	}
	for class, beyond := range [waitLong]time.Duration{noticeOver + 1, 10 * time.Minute, time.Hour} {
		o.last[class] = sort.Search(most, func(i int) bool { return o.wait(i+1) >= beyond })
	}
}

// wait returns how long the item at a turn of its cluster will wait.
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

// about returns the wait of a turn up to a sixteenth later in the same class, so that few waits
// are computed, however many notices are sent.
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
