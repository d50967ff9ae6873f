package ledger

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/argoproj-labs/commit-status-hub/providers"
)

// openAccount stands for an account that could be asked.
type openAccount struct{ providers.Account }

func TestSituationNext(t *testing.T) {
	now := time.Unix(10_000, 0)
	open := Job{Account: openAccount{}, Verdict: Verdict{Owner: Claim{Provider: "acme"}}}
	for name, c := range map[string]struct {
		edit func(*situation)
		want NextStep
	}{
		"a request is under way": {func(s *situation) { s.underWay, s.dirty = true, true }, NextStep{What: NextAnswer, Message: "A request is under way."}},
		"suspended": {
			func(s *situation) { s.job.Suspended, s.dirty = true, true },
			NextStep{What: NextSuspended, Message: "Nothing is sent: ScmProvider acme is suspended."},
		},
		"no account": {
			func(s *situation) { s.job.Account = nil },
			NextStep{What: NextWait, Message: "Nothing is sent before ScmProvider acme is ready."},
		},
		"failed": {func(s *situation) {
			s.failure, s.retryAt, s.dirty = &providers.Error{}, now.Add(time.Minute), true
		}, NextStep{What: NextRetry, Message: "The SCM is asked again.", At: now.Add(time.Minute)}},
		"a member is awaited": {
			func(s *situation) { s.waitsFor, s.waitsUntil, s.dirty = "eu", now.Add(time.Hour), true },
			NextStep{What: NextWait, Message: "Waiting for cluster eu, which has not synced since the hub started: it may claim it too.", At: now.Add(time.Hour)},
		},
		"queued": {
			func(s *situation) { s.dirty, s.waits = true, "waiting for github.com installation 1, about 5 min" },
			NextStep{What: NextWait, Message: "Waiting for github.com installation 1, about 5 min."},
		},
		"an answer was lost": {
			func(s *situation) { s.dirty, s.job.Wait = true, 9*time.Second },
			NextStep{What: NextWait, Message: "The SCM is asked once an answer that was lost can no longer take effect.", At: now.Add(9 * time.Second)},
		},
		"to be written": {func(s *situation) { s.dirty = true }, NextStep{What: NextWrite, Message: "It is written in its turn."}},
		"to be compared": {
			func(s *situation) { s.job.Check = true },
			NextStep{What: NextCheck, Message: "The commit is compared with the SCM in its turn."},
		},
		"to be compared later": {
			func(s *situation) { s.job.NextCheck = time.Hour },
			NextStep{What: NextCheck, Message: "The commit is compared with the SCM.", At: now.Add(time.Hour)},
		},
		"left": {func(s *situation) { s.job.abandonment = &abandonment{} }, NextStep{What: NextWrite, Message: "The status that was left here is ended."}},
		"done": {func(*situation) {}, NextStep{What: NextNothing, Message: "Nothing is to be done until a claim changes."}},
	} {
		t.Run(name, func(t *testing.T) {
			s := situation{job: open, now: now}
			c.edit(&s)
			NewWithT(t).Expect(s.next()).To(Equal(c.want))
		})
	}
}
