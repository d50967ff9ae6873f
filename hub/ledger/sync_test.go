package ledger

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr"
	. "github.com/onsi/gomega"
	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
	"github.com/argoproj-labs/commit-status-hub/ratelimit"
)

// scriptedSCM is an Account and its Client: it answers as a test says, and
// records what it was asked.
type scriptedSCM struct {
	fakeDialect
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
	return s.fakeDialect.Next(shown, want)
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
	*fleet
	scm    *scriptedSCM
	queue  *ratelimit.Queue[Key]
	syncer *Syncer
	// warnings are the events that were made.
	warnings []string
}

func (b *bench) warned(cluster string, about *v1alpha1.CommitStatus, reason, _, message string) {
	b.warnings = append(b.warnings, cluster+"/"+about.Name+" "+reason+": "+message)
}

func newBench(t *testing.T) *bench {
	b := &bench{fleet: newFleet(t), scm: &scriptedSCM{known: true}}
	b.scm.answer = func(want providers.Status) (providers.Shown, error) {
		return providers.Shown{Status: want, Handle: shows(want.Phase).Handle}, nil
	}
	b.queue = ratelimit.NewQueue(ratelimit.QueueOptions[Key]{Clock: b.now})
	t.Cleanup(b.queue.ShutDown)
	b.syncer = &Syncer{
		Ledger: b.Ledger, Queue: func() Lanes { return b.queue },
		Apply: func(Changes) {}, Warn: b.warned, Record: recordNothing, Clock: b.now, Log: logr.Discard(),
	}
	b.useAccount(allowAll())
	return b
}

func (b *bench) useAccount(grants ...v1alpha1.Grant) {
	s := testSCM(grants...)
	s.account = b.scm
	b.SetScmProvider("acme", s)
}

func (b *bench) reconcile() time.Duration {
	b.g.THelper()
	result, err := b.syncer.Reconcile(context.Background(), testKey)
	b.g.Expect(err).NotTo(HaveOccurred())
	return result.RequeueAfter
}

func TestAKeyIsWrittenOnce(t *testing.T) {
	b := newBench(t)
	b.hear("eu", testStatus())
	b.reconcile()
	b.hear("us", testStatus())
	b.reconcile()
	b.g.Expect(b.scm.asked).To(Equal([]string{"create queued"}))
}

func TestAnInstallationThatHadToBeFoundIsQueuedForInItsOwnLane(t *testing.T) {
	b := newBench(t)
	b.scm.known = false
	b.hear("eu", testStatus())
	b.reconcile()
	b.g.Expect(b.scm.asked).To(Equal([]string{"installation"}))
	b.g.Expect(b.queue.Len()).To(Equal(1))
	b.reconcile()
	b.g.Expect(b.scm.asked).To(Equal([]string{"installation", "create queued"}))
}

func TestAPauseIsNoFailure(t *testing.T) {
	b := newBench(t)
	b.scm.answer = func(providers.Status) (providers.Shown, error) {
		return providers.Shown{}, providers.Errorf(v1alpha1.ReasonPending, "paused")
	}
	b.hear("eu", testStatus())
	b.reconcile()
	b.g.Expect(b.queue.Len()).To(Equal(1), "back in its lane")
	_, ok := b.Patch(idIn("eu"))
	b.g.Expect(ok).To(BeFalse(), "nothing is wrong")
}

func TestAGrantThatIsWithdrawnDuringALookUpStopsTheWrite(t *testing.T) {
	b := newBench(t)
	b.takeOver()
	b.scm.onFind = func() { b.useAccount() }
	b.hear("eu", testStatus())
	b.reconcile()
	b.g.Expect(b.scm.asked).To(Equal([]string{"find"}))
}

func TestWhatIsWantedNowIsWrittenAfterALookUp(t *testing.T) {
	b := newBench(t)
	b.takeOver()
	b.hear("eu", testStatus())
	b.scm.onFind = func() { b.SetObject("eu", b.token["eu"], testStatus(wants("success"))) }
	b.reconcile()
	b.scm.onFind = nil
	b.reconcile()
	b.g.Expect(b.scm.asked).To(Equal([]string{"find", "create success"}))
}

func TestALostWriteIsFoundOrGivenTimeToArrive(t *testing.T) {
	b := newBench(t)
	whole := b.scm.answer
	b.scm.answer = func(providers.Status) (providers.Shown, error) {
		return providers.Shown{}, &providers.Error{Reason: v1alpha1.ReasonUnavailable, Message: "timeout", Unknown: true}
	}
	b.hear("eu", testStatus())
	b.g.Expect(b.reconcile()).To(Equal(time.Second))
	b.scm.answer = whole
	b.now.Step(time.Second)
	b.g.Expect(b.reconcile()).To(Equal(14*time.Second), "it is not there, but may still come")
	b.now.Step(14 * time.Second)
	b.reconcile()
	b.g.Expect(b.scm.asked).To(Equal([]string{"create queued", "find", "find", "create queued"}))
}

func TestALostWriteThatArrivedIsNotRepeated(t *testing.T) {
	b := newBench(t)
	b.scm.answer = func(want providers.Status) (providers.Shown, error) {
		b.scm.found = shows(want.Phase)
		return providers.Shown{}, &providers.Error{Reason: v1alpha1.ReasonUnavailable, Message: "reset", Unknown: true}
	}
	b.hear("eu", testStatus())
	b.reconcile()
	b.now.Step(time.Second)
	b.reconcile()
	b.g.Expect(b.scm.asked).To(Equal([]string{"create queued", "find"}))
}

func TestAnSCMThatShowsSomethingElseIsToldAndNotWrittenAgain(t *testing.T) {
	b := newBench(t)
	b.scm.answer = func(providers.Status) (providers.Shown, error) { return *shows("failure"), nil }
	b.hear("eu", testStatus())
	b.g.Expect(b.reconcile()).To(Equal(10 * time.Minute))
	b.reconcile()
	b.g.Expect(b.scm.asked).To(HaveLen(1))
	patch, ok := b.Patch(idIn("eu"))
	b.g.Expect(ok).To(BeTrue())
	b.g.Expect(patch.Status.SyncFailure.Message).To(Equal("github.com took the status but shows failure"))
}

func TestAWaitIsToldUntilTheWrite(t *testing.T) {
	b := newBench(t)
	b.hear("eu", testStatus())
	b.notify(3 * time.Minute)
	b.g.Expect(readyOf(b.published("eu")).Reason).To(Equal(v1alpha1.ReasonPending))
	answer := b.scm.answer
	b.scm.answer = func(providers.Status) (providers.Shown, error) {
		return providers.Shown{}, providers.Errorf(v1alpha1.ReasonPending, "paused")
	}
	b.reconcile()
	b.g.Expect(b.published("eu")).To(BeNil(), "a pause changes nothing")
	b.scm.answer = answer
	b.reconcile()
	b.g.Expect(readyOf(b.published("eu")).Reason).To(Equal(v1alpha1.ReasonSynced))
}

// transitions returns how many changes to a phase were timed, and how long they took together.
func transitions(g *WithT, phase string) (count, seconds float64) {
	var written dto.Metric
	g.Expect(transitionSeconds.WithLabelValues("github", phase).(prometheus.Histogram).Write(&written)).To(Succeed())
	return float64(written.GetHistogram().GetSampleCount()), written.GetHistogram().GetSampleSum()
}

func TestAChangeIsTimedFromItsSpecToTheAnswer(t *testing.T) {
	b := newBench(t)
	transitionSeconds.Reset()
	b.hear("eu", testStatus(wants("success")))
	b.Route(testKey)
	b.now.Step(40 * time.Second)
	answer := b.scm.answer
	b.scm.answer = func(want providers.Status) (providers.Shown, error) {
		b.now.Step(2 * time.Second)
		return answer(want)
	}
	b.reconcile()
	b.reconcile()
	b.hear("us", testStatus(createdAt(2000), wants("success")))
	b.reconcile()
	b.entryOf(testKey).Shown = shows("queued")
	b.now.Step(time.Minute)
	b.reconcile()
	b.g.Expect(b.scm.asked).To(Equal([]string{"create success", "update success"}))
	count, seconds := transitions(b.g, "success")
	b.g.Expect(count).To(BeEquivalentTo(1), "who joins changes nothing, nor what is written anew")
	b.g.Expect(seconds).To(Equal(42.0))
}

func TestAChangeWhoseAnswerWasLostIsTimedOnceItIsFound(t *testing.T) {
	b := newBench(t)
	transitionSeconds.Reset()
	b.scm.answer = func(want providers.Status) (providers.Shown, error) {
		b.scm.found = shows(want.Phase)
		return providers.Shown{}, &providers.Error{Reason: v1alpha1.ReasonUnavailable, Message: "reset", Unknown: true}
	}
	b.hear("eu", testStatus(wants("failure")))
	b.reconcile()
	b.now.Step(time.Second)
	b.reconcile()
	count, seconds := transitions(b.g, "failure")
	b.g.Expect(count).To(BeEquivalentTo(1))
	b.g.Expect(seconds).To(Equal(1.0))
}

func TestWhatIsFoundRightIsNoChange(t *testing.T) {
	b := newBench(t)
	transitionSeconds.Reset()
	b.takeOver()
	b.scm.found = shows("canceled")
	b.hear("eu", testStatus(wants("canceled")))
	b.now.Step(time.Second)
	b.reconcile()
	b.g.Expect(b.scm.asked).To(Equal([]string{"find"}))
	count, _ := transitions(b.g, "canceled")
	b.g.Expect(count).To(BeZero())
}

func TestSyncer_WritesNothingWhereARepositoryMovesOutOfTheGrantsDuringALook(t *testing.T) {
	b := newBench(t)
	b.useAccount(ofOwner("acme"))
	b.takeOver()
	b.hear("eu", testStatus())
	b.scm.onFind = func() { b.Moved(testKey, b.job(), "globex/shop") }
	b.reconcile()
	b.g.Expect(b.scm.asked).To(Equal([]string{"find"}))
	b.reconcile()
	b.g.Expect(readyOf(b.published("eu")).Reason).To(Equal(v1alpha1.ReasonMoved))
}
