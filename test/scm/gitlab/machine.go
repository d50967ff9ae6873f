package gitlab

import "fmt"

// The states that a request may name.
const (
	statePending  = "pending"
	stateRunning  = "running"
	stateSuccess  = "success"
	stateFailed   = "failed"
	stateCanceled = "canceled"
	stateSkipped  = "skipped"
)

var states = []string{statePending, stateRunning, stateSuccess, stateFailed, stateCanceled, stateSkipped}

// verbs are the transitions that lead to a state, as GitLab's errors call them.
var verbs = map[string]string{
	statePending:  "enqueue",
	stateRunning:  "run",
	stateSuccess:  "success",
	stateFailed:   "drop",
	stateCanceled: "cancel",
	stateSkipped:  "skip",
}

// illegal are the states that cannot be reached from one that is not over.
var illegal = map[string][]string{
	statePending: {statePending},
	stateRunning: {statePending, stateRunning, stateSkipped},
}

// unfinished says that a status in that state is changed by the next request for
// its name. Otherwise that request makes a new one.
func unfinished(state string) bool { return state == statePending || state == stateRunning }

// transition refuses what GitLab's state machine does not allow. from is "" for a
// status that is new.
func transition(from, to string) *refused {
	for _, state := range illegal[from] {
		if state == to {
			return refusal(400, "%s", fmt.Sprintf("Cannot transition status via :%s from :%s (Reason(s): Status cannot transition via %q)",
				verbs[to], from, verbs[to]))
		}
	}
	return nil
}
