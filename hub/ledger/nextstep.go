package ledger

import (
	"fmt"
	"time"

	"github.com/argoproj-labs/commit-status-hub/providers"
)

// The kinds of a NextStep.
const (
	NextNothing   = "nothing"
	NextWrite     = "write"
	NextAnswer    = "answer"
	NextRetry     = "retry"
	NextWait      = "wait"
	NextCheck     = "check"
	NextSuspended = "suspended"
)

// NextStep is what the hub does next about a key.
type NextStep struct {
	// The kind, one of those above, for machines.
	What string
	// Message is a sentence for people.
	Message string
	// At is when that is due; zero where it is due now, or where no time is known.
	At time.Time
}

// nextStep decides what comes next of an entry. Like every query it changes nothing.
func (l *Ledger) nextStep(e *entry) NextStep {
	job, _, ok := l.job(e)
	if !ok {
		return NextStep{What: NextNothing, Message: "Nothing is written: no claim on this status counts."}
	}
	now := l.clock.Now()
	s := situation{job: job, now: now, underWay: e.writes%2 == 1}
	if job.Account != nil && !job.Ends() {
		s.dirty = job.Plan() != ActNothing
	}
	s.failure = e.failureOf(job.attempt)
	s.retryAt = e.readDetails().retryAt
	if p := e.pendingOf(job.attempt); p != nil {
		s.waits = p.message
	}
	s.waitsFor = job.Verdict.WaitFor
	s.waitsUntil = l.started.Add(l.grace)
	return s.next()
}

// situation is how a key stands: what next needs to know.
type situation struct {
	job Job
	now time.Time
	// underWay reports whether a request is sent and not answered, and dirty whether the SCM has
	// to be asked or written to.
	underWay, dirty bool
	failure         *providers.Error
	retryAt         time.Time
	// waits is what statuses report of the wait, "" for nothing.
	waits string
	// waitsFor is the member that has to be synced first, waitsUntil for how long at most.
	waitsFor   string
	waitsUntil time.Time
}

// next returns the first of these that holds.
func (s situation) next() NextStep {
	switch {
	case s.underWay:
		return NextStep{What: NextAnswer, Message: "A request is under way."}
	case s.job.Ends():
		return NextStep{What: NextWrite, Message: "The status that was left here is ended."}
	case s.job.Suspended:
		return NextStep{What: NextSuspended, Message: fmt.Sprintf("Nothing is sent: ScmProvider %s is suspended.", s.job.Verdict.Owner.Provider)}
	case s.job.Account == nil:
		return NextStep{What: NextWait, Message: fmt.Sprintf("Nothing is sent before ScmProvider %s is ready.", s.job.Verdict.Owner.Provider)}
	case s.failure != nil:
		return NextStep{What: NextRetry, Message: "The SCM is asked again.", At: s.retryAt}
	case s.waitsFor != "":
		return NextStep{What: NextWait, Message: capitalized(awaitedIn(s.waitsFor)) + ".", At: s.waitsUntil}
	case s.dirty && s.waits != "":
		return NextStep{What: NextWait, Message: capitalized(s.waits) + "."}
	case s.dirty && s.job.Wait > 0:
		return NextStep{What: NextWait, Message: "The SCM is asked once an answer that was lost can no longer take effect.", At: s.now.Add(s.job.Wait)}
	case s.dirty:
		return NextStep{What: NextWrite, Message: "It is written in its turn."}
	case s.job.Check:
		return NextStep{What: NextCheck, Message: "The commit is compared with the SCM in its turn."}
	case s.job.NextCheck > 0:
		return NextStep{What: NextCheck, Message: "The commit is compared with the SCM.", At: s.now.Add(s.job.NextCheck)}
	}
	return NextStep{What: NextNothing, Message: "Nothing is to be done until a claim changes."}
}

// capitalized returns a message as the beginning of a sentence.
func capitalized(message string) string {
	if message == "" || message[0] < 'a' || message[0] > 'z' {
		return message
	}
	return string(message[0]-'a'+'A') + message[1:]
}
