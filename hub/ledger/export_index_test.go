package ledger

import (
	"fmt"
	"reflect"
)

// IndexProblem compares what the ledger keeps in step with its entries with the entries, "" for
// no difference.
func (l *Ledger) IndexProblem() string {
	waiting := waiters{}
	for e := range l.entries {
		if member := e.readDetails().waitFor; member != "" {
			if waiting[member] == nil {
				waiting[member] = map[*entry]struct{}{}
			}
			waiting[member][e] = struct{}{}
		}
	}
	if !reflect.DeepEqual(l.waiting, waiting) {
		return fmt.Sprintf("the index of waiting keys has %v, and should have %v", l.waiting, waiting)
	}
	for e := range l.entries {
		if problem := tallyProblem(l, e); problem != "" {
			return fmt.Sprintf("the tally of %s: %s", e.key(), problem)
		}
	}
	return ""
}

// tallyProblem compares the tally of an entry with the claims on it, "" for no difference.
func tallyProblem(l *Ledger, e *entry) string {
	var claims claimList
	reported := map[reportedStatus]bool{}
	t := e.claimIndex()
	for i, o := range e.claims {
		counts := l.synced(o.cluster)
		if int(o.slot) != i || o.counted != (counts && t != nil) {
			return fmt.Sprintf("%s: slot %d at %d, counted %v", o.id(), o.slot, i, o.counted)
		}
		if counts {
			claims = append(claims, o.claim())
			reported[o.reported()] = true
		}
	}
	switch {
	case t == nil:
		return ""
	case t.size() != len(claims), t.agreed() != (len(reported) <= 1):
		return fmt.Sprintf("%d claims, agreed %v; should be %d, %v", t.size(), t.agreed(), len(claims), len(reported) <= 1)
	case len(claims) == 0:
		return ""
	}
	for _, now := range []fixedFleet{{}, joining, {aggregate: []string{""}, silent: []string{"a", "b", "c", "prod"}}} {
		if got, want := arbitrate(t, now), arbitrate(claims, now); !reflect.DeepEqual(got, want) {
			return fmt.Sprintf("%+v, should be %+v", got, want)
		}
	}
	return ""
}
