package syncer_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr"
	. "github.com/onsi/gomega"
	"sigs.k8s.io/controller-runtime/pkg/metrics"

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
	b.takeOver()
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

// takeOver lets the bench's hub begin to write now, after another.
func (b *bench) takeOver() { b.Begin(ledger.Predecessor{Led: true}) }

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

func TestAKeyIsWrittenOnce(t *testing.T) {
	b := newBench(t)
	b.Hear("eu", ledgertest.CommitStatus())
	b.reconcile()
	b.Hear("us", ledgertest.CommitStatus())
	b.reconcile()
	b.G.Expect(b.scm.asked).To(Equal([]string{"create queued"}))
}

func TestAnInstallationThatHadToBeFoundIsQueuedForInItsOwnLane(t *testing.T) {
	b := newBench(t)
	b.scm.known = false
	b.Hear("eu", ledgertest.CommitStatus())
	b.reconcile()
	b.G.Expect(b.scm.asked).To(Equal([]string{"installation"}))
	b.G.Expect(b.queue.Len()).To(Equal(1))
	b.reconcile()
	b.G.Expect(b.scm.asked).To(Equal([]string{"installation", "create queued"}))
}

func TestAPauseIsNoFailure(t *testing.T) {
	b := newBench(t)
	b.scm.answer = func(providers.Status) (providers.Shown, error) {
		return providers.Shown{}, providers.Errorf(v1alpha1.ReasonPending, "paused")
	}
	b.Hear("eu", ledgertest.CommitStatus())
	b.reconcile()
	b.G.Expect(b.queue.Len()).To(Equal(1), "back in its lane")
	_, ok := b.Patch(ledgertest.ID("eu"))
	b.G.Expect(ok).To(BeFalse(), "nothing is wrong")
}

func TestAGrantThatIsWithdrawnDuringALookUpStopsTheWrite(t *testing.T) {
	b := takingOver(t)
	b.scm.onFind = func() { b.useAccount() }
	b.Hear("eu", ledgertest.CommitStatus())
	b.reconcile()
	b.G.Expect(b.scm.asked).To(Equal([]string{"find"}))
}

func TestWhatIsWantedNowIsWrittenAfterALookUp(t *testing.T) {
	b := takingOver(t)
	b.Hear("eu", ledgertest.CommitStatus())
	b.scm.onFind = func() { b.SetObject("eu", b.Token["eu"], ledgertest.CommitStatus(ledgertest.Wants("success"))) }
	b.reconcile()
	b.scm.onFind = nil
	b.reconcile()
	b.G.Expect(b.scm.asked).To(Equal([]string{"find", "create success"}))
}

func TestALostWriteIsFoundOrGivenTimeToArrive(t *testing.T) {
	b := newBench(t)
	whole := b.scm.answer
	b.scm.answer = func(providers.Status) (providers.Shown, error) {
		return providers.Shown{}, &providers.Error{Reason: v1alpha1.ReasonUnavailable, Message: "timeout", Unknown: true}
	}
	b.Hear("eu", ledgertest.CommitStatus())
	b.G.Expect(b.reconcile()).To(Equal(time.Second))
	b.scm.answer = whole
	b.Clock.Step(time.Second)
	b.G.Expect(b.reconcile()).To(Equal(14*time.Second), "it is not there, but may still come")
	b.Clock.Step(14 * time.Second)
	b.reconcile()
	b.G.Expect(b.scm.asked).To(Equal([]string{"create queued", "find", "find", "create queued"}))
}

func TestALostWriteThatArrivedIsNotRepeated(t *testing.T) {
	b := newBench(t)
	b.scm.answer = func(want providers.Status) (providers.Shown, error) {
		b.scm.found = ledgertest.Shows(want.Phase)
		return providers.Shown{}, &providers.Error{Reason: v1alpha1.ReasonUnavailable, Message: "reset", Unknown: true}
	}
	b.Hear("eu", ledgertest.CommitStatus())
	b.reconcile()
	b.Clock.Step(time.Second)
	b.reconcile()
	b.G.Expect(b.scm.asked).To(Equal([]string{"create queued", "find"}))
}

func TestAnSCMThatShowsSomethingElseIsToldAndNotWrittenAgain(t *testing.T) {
	b := newBench(t)
	b.scm.answer = func(providers.Status) (providers.Shown, error) { return *ledgertest.Shows("failure"), nil }
	b.Hear("eu", ledgertest.CommitStatus())
	b.G.Expect(b.reconcile()).To(Equal(10 * time.Minute))
	b.reconcile()
	b.G.Expect(b.scm.asked).To(HaveLen(1))
	patch, ok := b.Patch(ledgertest.ID("eu"))
	b.G.Expect(ok).To(BeTrue())
	b.G.Expect(patch.Status.SyncFailure.Message).To(Equal("github.com took the status but shows failure"))
}

func TestAWaitIsToldUntilTheWrite(t *testing.T) {
	b := newBench(t)
	b.Hear("eu", ledgertest.CommitStatus())
	b.Waiting([]ratelimit.Notice[ledger.Key]{{Item: ledgertest.Key, Lane: "github.com/app/12345/installation/678", Wait: 3 * time.Minute}})
	b.G.Expect(ledgertest.ReadyOf(b.Published("eu")).Reason).To(Equal(v1alpha1.ReasonPending))
	answer := b.scm.answer
	b.scm.answer = func(providers.Status) (providers.Shown, error) {
		return providers.Shown{}, providers.Errorf(v1alpha1.ReasonPending, "paused")
	}
	b.reconcile()
	b.G.Expect(b.Published("eu")).To(BeNil(), "a pause changes nothing")
	b.scm.answer = answer
	b.reconcile()
	b.G.Expect(ledgertest.ReadyOf(b.Published("eu")).Reason).To(Equal(v1alpha1.ReasonSynced))
}

// transitions returns how many changes to a phase were timed, and how long they took together.
func transitions(g *WithT, phase string) (count, seconds float64) {
	families, err := metrics.Registry.Gather()
	g.Expect(err).NotTo(HaveOccurred())
	for _, family := range families {
		if family.GetName() != "commit_status_hub_transition_duration_seconds" {
			continue
		}
		for _, metric := range family.GetMetric() {
			labels := map[string]string{}
			for _, label := range metric.GetLabel() {
				labels[label.GetName()] = label.GetValue()
			}
			if labels["provider"] == "github" && labels["phase"] == phase {
				return float64(metric.GetHistogram().GetSampleCount()), metric.GetHistogram().GetSampleSum()
			}
		}
	}
	return 0, 0
}

func TestAChangeIsTimedFromItsSpecToTheAnswer(t *testing.T) {
	b := newBench(t)
	countBefore, secondsBefore := transitions(b.G, "success")
	b.Hear("eu", ledgertest.CommitStatus(ledgertest.Wants("success")))
	b.Route(ledgertest.Key)
	b.Clock.Step(40 * time.Second)
	answer := b.scm.answer
	b.scm.answer = func(want providers.Status) (providers.Shown, error) {
		b.Clock.Step(2 * time.Second)
		return answer(want)
	}
	b.reconcile()
	b.reconcile()
	b.Hear("us", ledgertest.CommitStatus(ledgertest.CreatedAt(2000), ledgertest.Wants("success")))
	b.reconcile()
	b.found(ledgertest.Shows("queued"))
	b.Clock.Step(time.Minute)
	b.reconcile()
	b.G.Expect(b.scm.asked).To(Equal([]string{"create success", "update success"}))
	count, seconds := transitions(b.G, "success")
	b.G.Expect(count-countBefore).To(BeEquivalentTo(1), "who joins changes nothing, nor what is written anew")
	b.G.Expect(seconds - secondsBefore).To(BeNumerically("~", 42.0, 0.001))
}

func TestAChangeWhoseAnswerWasLostIsTimedOnceItIsFound(t *testing.T) {
	b := newBench(t)
	countBefore, secondsBefore := transitions(b.G, "failure")
	b.scm.answer = func(want providers.Status) (providers.Shown, error) {
		b.scm.found = ledgertest.Shows(want.Phase)
		return providers.Shown{}, &providers.Error{Reason: v1alpha1.ReasonUnavailable, Message: "reset", Unknown: true}
	}
	b.Hear("eu", ledgertest.CommitStatus(ledgertest.Wants("failure")))
	b.reconcile()
	b.Clock.Step(time.Second)
	b.reconcile()
	count, seconds := transitions(b.G, "failure")
	b.G.Expect(count - countBefore).To(BeEquivalentTo(1))
	b.G.Expect(seconds - secondsBefore).To(BeNumerically("~", 1.0, 0.001))
}

func TestWhatIsFoundRightIsNoChange(t *testing.T) {
	b := takingOver(t)
	countBefore, _ := transitions(b.G, "canceled")
	b.scm.found = ledgertest.Shows("canceled")
	b.Hear("eu", ledgertest.CommitStatus(ledgertest.Wants("canceled")))
	b.Clock.Step(time.Second)
	b.reconcile()
	b.G.Expect(b.scm.asked).To(Equal([]string{"find"}))
	count, _ := transitions(b.G, "canceled")
	b.G.Expect(count).To(Equal(countBefore))
}

func TestSyncer_WritesNothingWhereARepositoryMovesOutOfTheGrantsDuringALook(t *testing.T) {
	b := takingOver(t)
	b.useAccount(ofOwner("acme"))
	b.Hear("eu", ledgertest.CommitStatus())
	b.scm.onFind = func() { b.Relocated(ledgertest.Key, b.Claimed(), "globex/shop") }
	b.reconcile()
	b.G.Expect(b.scm.asked).To(Equal([]string{"find"}))
	b.reconcile()
	b.G.Expect(ledgertest.ReadyOf(b.Published("eu")).Reason).To(Equal(v1alpha1.ReasonMoved))
}
