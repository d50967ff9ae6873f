package ledger

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
)

// maxNamed is how many claims a member's status names as the cause of a phase.
const maxNamed = 3

// Joined describes how the claims on a key became one status.
type Joined struct {
	// Claims is how many there are, and Worst how many of them want the worst phase.
	Claims, Worst int
	// First are the oldest of those that want the worst phase, maxNamed at most.
	First []ObjectID
}

// badness orders the phases from the best to the worst. What is no phase is
// better than any.
var badness = map[v1alpha1.Phase]int{
	v1alpha1.PhaseSuccess:    1,
	v1alpha1.PhaseCanceled:   2,
	v1alpha1.PhaseQueued:     3,
	v1alpha1.PhaseInProgress: 4,
	v1alpha1.PhaseFailure:    5,
}

// outcomes are the words of descriptions that count.
var outcomes = map[v1alpha1.Phase]string{
	v1alpha1.PhaseSuccess:    "succeeded",
	v1alpha1.PhaseCanceled:   "canceled",
	v1alpha1.PhaseQueued:     "queued",
	v1alpha1.PhaseInProgress: "in progress",
	v1alpha1.PhaseFailure:    "failed",
}

// aggregate joins what claims want, of which there must be at least two:
//
//	claims                                      phase        description
//	some failure                                failure      3 of 50 failed
//	else some in_progress                       in_progress  2 of 5 in progress
//	else all queued                             queued       all 5 queued
//	else some queued, all others done           in_progress  3 of 5 done
//	else some canceled, all others success      canceled     1 of 5 canceled
//	else                                        success      all 5 succeeded
//
// The description names nobody: the repository may be public. The URL is that of
// the oldest claim in the worst phase that has one.
func aggregate(claims claimSet) (want providers.Status, how *Joined) {
	want.Phase = worstPhase(claims)
	how = &Joined{Claims: claims.size(), Worst: claims.wanting(want.Phase)}
	how.First, want.URL = claims.first(want.Phase)
	switch {
	case how.Worst == how.Claims:
		want.Description = fmt.Sprintf("all %d %s", how.Claims, outcomes[want.Phase])
	case want.Phase == v1alpha1.PhaseQueued:
		want.Phase = v1alpha1.PhaseInProgress
		want.Description = fmt.Sprintf("%d of %d done", how.Claims-how.Worst, how.Claims)
	default:
		want.Description = fmt.Sprintf("%d of %d %s", how.Worst, how.Claims, outcomes[want.Phase])
	}
	return want, how
}

// fromTheWorst are the phases, the worst first.
var fromTheWorst = []v1alpha1.Phase{
	v1alpha1.PhaseFailure, v1alpha1.PhaseInProgress, v1alpha1.PhaseQueued, v1alpha1.PhaseCanceled, v1alpha1.PhaseSuccess,
}

// worstPhase is the worst phase that any of the claims wants.
func worstPhase(claims claimSet) v1alpha1.Phase {
	for _, phase := range fromTheWorst {
		if claims.wanting(phase) > 0 {
			return phase
		}
	}
	return ""
}

func worse(a, b v1alpha1.Phase) bool { return badness[a] > badness[b] }

// counting matches the descriptions that aggregate makes.
var counting = regexp.MustCompile(`^(?:all|[0-9]+ of) ([0-9]{1,9}) (?:succeeded|canceled|queued|in progress|failed|done)$`)

// countIn returns how many claims a description counts, 0 when it is none of
// aggregate's.
func countIn(description string) int {
	m := counting.FindStringSubmatch(description)
	if m == nil {
		return 0
	}
	n, err := strconv.Atoi(m[1])
	if err != nil {
		return 0
	}
	return n
}

// cause names the claims that the phase comes from, "" where all want it.
func (j *Joined) cause() string {
	if j.Worst == j.Claims {
		return ""
	}
	names := make([]string, 0, maxNamed)
	for _, id := range j.First {
		names = append(names, id.String())
	}
	out := strings.Join(names, ", ")
	if more := j.Worst - len(names); more > 0 {
		out += fmt.Sprintf(" and %d more", more)
	}
	return out
}
