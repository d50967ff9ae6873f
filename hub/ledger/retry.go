package ledger

import (
	"time"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
)

// settleTime is how long a request whose answer was lost may still take effect,
// so how long a look-up that does not find it proves nothing.
const settleTime = 15 * time.Second

const (
	firstRetry   = time.Second
	longestRetry = time.Minute
	firstCheck   = 10 * time.Minute
	longestCheck = 6 * time.Hour
)

// commitSchedule is for a commit that is not there: usually its push is seconds
// away.
var commitSchedule = []time.Duration{5 * time.Second, 15 * time.Second, time.Minute, 5 * time.Minute}

// retryAfter says how long after the given attempt, counted from 1, a key that
// failed for a reason is tried again.
func retryAfter(reason string, attempts int) time.Duration {
	switch reason {
	case v1alpha1.ReasonUnavailable:
		return doubling(firstRetry, longestRetry, attempts)
	case v1alpha1.ReasonCommitNotFound:
		if attempts <= len(commitSchedule) {
			return commitSchedule[attempts-1]
		}
		attempts -= len(commitSchedule)
	}
	return doubling(firstCheck, longestCheck, attempts)
}

func doubling(first, longest time.Duration, attempts int) time.Duration {
	d := first
	for range attempts - 1 {
		if d *= 2; d >= longest {
			return longest
		}
	}
	return d
}
