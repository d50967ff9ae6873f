package syncer_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr"
	. "github.com/onsi/gomega"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger/ledgertest"
	"github.com/argoproj-labs/commit-status-hub/hub/syncer"
	"github.com/argoproj-labs/commit-status-hub/providers"
	"github.com/argoproj-labs/commit-status-hub/ratelimit"
)

// scriptedSCM is an Account and its Client: it answers as a test says, and
// records what it was asked.
type scriptedSCM struct {
	ledgertest.Account
	app    string
	known  bool
	asked  []string
	listed providers.Listing
	// listing is what is shown of a commit, in place of listed.
	listing func(providers.Commit) providers.Listing
	found   *providers.Shown
	answer  func(want providers.Status) (providers.Shown, error)
	onFind  func()
	// next is the dialect's Next, nil for the fakeDialect's.
	next   func(shown *providers.Shown, want providers.Status) providers.Step
	onList func()
	// moved are the paths of today of repositories, written those that were written to.
	moved   map[string]string
	path    string
	written []string
	// err is how lists and look-ups end.
	err error
}

func (s *scriptedSCM) Writer() string { return "github.com/app/" + s.app }

func (s *scriptedSCM) Next(shown *providers.Shown, want providers.Status) providers.Step {
	if s.next != nil {
		return s.next(shown, want)
	}
	return s.Account.Next(shown, want)
}

func (s *scriptedSCM) Lane(string) (string, bool) { return "lane", s.known }

func (s *scriptedSCM) Client(context.Context, string) (providers.Client, error) {
	if !s.known {
		s.known = true
		s.asked = append(s.asked, "installation")
	}
	return s, nil
}

func (s *scriptedSCM) Create(_ context.Context, at providers.Target, want providers.Status) (providers.Shown, error) {
	s.written = append(s.written, at.Repository)
	if s.moved[at.Repository] != "" {
		return providers.Shown{}, providers.Moved(at.Repository, s.moved[at.Repository])
	}
	s.asked = append(s.asked, "create "+string(want.Phase))
	return s.answer(want)
}

func (s *scriptedSCM) Update(_ context.Context, _ providers.Target, _ providers.Shown, want providers.Status) (providers.Shown, error) {
	s.asked = append(s.asked, "update "+string(want.Phase))
	return s.answer(want)
}

func (s *scriptedSCM) Find(context.Context, providers.Target) (*providers.Shown, error) {
	s.asked = append(s.asked, "find")
	if s.onFind != nil {
		s.onFind()
	}
	return s.found, s.err
}

func (s *scriptedSCM) List(_ context.Context, at providers.Commit, tag string) (providers.Listing, error) {
	s.asked = append(s.asked, strings.TrimSpace("list "+tag))
	if s.onList != nil {
		s.onList()
	}
	if s.err != nil {
		return providers.Listing{}, s.err
	}
	if s.listing != nil {
		return s.listing(at), nil
	}
	return s.listed, nil
}

func (s *scriptedSCM) Path(context.Context) (string, error) {
	s.asked = append(s.asked, "path")
	return s.path, s.err
}

// bench is a syncer with a ledger, a queue and an SCM that a test scripts.
type bench struct {
	*ledgertest.Fleet
	scm    *scriptedSCM
	queue  *ratelimit.Queue[ledger.Key]
	syncer *syncer.Syncer
	// warnings are the events that were made.
	warnings []string
}

func (b *bench) warned(cluster string, about *v1alpha1.CommitStatus, reason, _, message string) {
	b.warnings = append(b.warnings, cluster+"/"+about.Name+" "+reason+": "+message)
}

// newBench makes a bench whose hub has led for longer than a take-over counts.
func newBench(t *testing.T) *bench { return benchOf(t, ledgertest.NewFleet(t)) }

// newStandby makes a bench whose hub has not begun to write.
func newStandby(t *testing.T) *bench { return benchOf(t, ledgertest.NewStandby(t)) }

// takingOver makes a bench whose hub begins to write after another.
func takingOver(t *testing.T) *bench {
	b := newStandby(t)
	b.TakeOver()
	return b
}

func benchOf(t *testing.T, f *ledgertest.Fleet) *bench {
	b := &bench{Fleet: f, scm: &scriptedSCM{known: true}}
	b.scm.answer = func(want providers.Status) (providers.Shown, error) {
		return providers.Shown{Status: want, Handle: ledgertest.Shows(want.Phase).Handle}, nil
	}
	b.queue = ratelimit.NewQueue(ratelimit.QueueOptions[ledger.Key]{Clock: b.Clock})
	t.Cleanup(b.queue.ShutDown)
	b.syncer = &syncer.Syncer{
		Ledger: b.Ledger, Queue: func() syncer.Lanes { return b.queue },
		Apply: func(ledger.Changes) {}, Warn: b.warned, Record: recordNothing, Clock: b.Clock, Log: logr.Discard(),
	}
	b.useAccount(ledgertest.AllowAll())
	return b
}

func (b *bench) useAccount(grants ...v1alpha1.Grant) {
	b.use(ledgertest.Granting(grants...))
}

// use opens the ScmProvider with edits.
func (b *bench) use(edit ...func(*v1alpha1.ScmProvider)) {
	b.SetScmProvider("acme", ledgertest.Opened(b.scm, edit...))
}

// work has a key worked on once.
func (b *bench) work(key ledger.Key) time.Duration {
	b.G.THelper()
	result, err := b.syncer.Reconcile(context.Background(), key)
	b.G.Expect(err).NotTo(HaveOccurred())
	return result.RequeueAfter
}

// found has the hub learn by a read what the SCM shows, nil for nothing.
func (b *bench) found(shown *providers.Shown) {
	b.G.THelper()
	b.Showed(ledgertest.Key, b.Claimed(), shown, false)
}

func (b *bench) reconcile() time.Duration {
	b.G.THelper()
	return b.work(ledgertest.Key)
}

// lostAnswer is how a request ends that may have had an effect.
func lostAnswer() *providers.Error {
	return &providers.Error{Reason: v1alpha1.ReasonUnavailable, Message: "no answer in time", Unknown: true}
}
