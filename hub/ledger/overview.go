package ledger

import (
	"cmp"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// mostExamples is how many CommitStatuses an Overview names for each reason.
const mostExamples = 10

// Overview is how all CommitStatuses of the fleet are.
type Overview struct {
	// Members are the counts of each member that is engaged, by name.
	Members map[string]MemberCounts
	// Reasons are the reasons for which CommitStatuses are not Ready, the most frequent first.
	Reasons []ReasonCount
}

// MemberCounts count the CommitStatuses of one member.
type MemberCounts struct {
	// Objects is how many there are, and NotReady of how many the Ready condition is False.
	Objects, NotReady int
	// Synced reports whether the hub has read all of them.
	Synced bool
}

// ReasonCount is how many CommitStatuses have one reason.
type ReasonCount struct {
	Reason string
	// Ready is the status of the condition: False, or Unknown where they wait.
	Ready metav1.ConditionStatus
	Count int
	// Examples are the first of them by cluster, namespace and name.
	Examples []ObjectView
}

// Overview counts the CommitStatuses of the fleet. Where there are many the counts are of the time
// that it takes: the ledger goes on meanwhile.
func (l *Ledger) Overview() Overview {
	out := Overview{Members: map[string]MemberCounts{}}
	type group struct {
		reason string
		ready  metav1.ConditionStatus
	}
	counts, first := map[group]int{}, map[group][]ObjectID{}
	l.eachObject(func(o *object) bool {
		m := out.Members[o.cluster]
		m.Objects++
		g := group{reason: l.reasonOf(o), ready: l.readyOf(o)}
		if g.ready == metav1.ConditionFalse {
			m.NotReady++
		}
		out.Members[o.cluster] = m
		if g.reason != "" && g.ready != metav1.ConditionTrue {
			counts[g]++
			first[g] = keepFirst(first[g], o.id())
		}
		return true
	})
	l.mu.Lock()
	defer l.mu.Unlock()
	for cluster, m := range l.members {
		counted := out.Members[cluster]
		counted.Synced = m.synced
		out.Members[cluster] = counted
	}
	for g, n := range counts {
		r := ReasonCount{Reason: g.reason, Ready: g.ready, Count: n}
		for _, id := range first[g] {
			if o := l.objectAt(id); o != nil {
				r.Examples = append(r.Examples, l.objectView(o))
			}
		}
		out.Reasons = append(out.Reasons, r)
	}
	slices.SortFunc(out.Reasons, func(a, b ReasonCount) int {
		return cmp.Or(cmp.Compare(a.Ready, b.Ready), cmp.Compare(b.Count, a.Count), cmp.Compare(a.Reason, b.Reason))
	})
	return out
}

// keepFirst adds an object to the first mostExamples by cluster, namespace and name.
func keepFirst(first []ObjectID, id ObjectID) []ObjectID {
	at, _ := slices.BinarySearchFunc(first, id, compareIDs)
	if at == mostExamples {
		return first
	}
	return slices.Insert(first, at, id)[:min(len(first)+1, mostExamples)]
}
