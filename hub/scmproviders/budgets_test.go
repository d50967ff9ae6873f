package scmproviders

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr/funcr"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	clocktesting "k8s.io/utils/clock/testing"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger/ledgertest"
	"github.com/argoproj-labs/commit-status-hub/ratelimit"
	"github.com/argoproj-labs/commit-status-hub/test/clusters"
)

const (
	inst678 = "github.com/app/12345/installation/678"
	inst679 = "github.com/app/12345/installation/679"
)

// fakeInstallations says what a test wants, and keeps what it was told.
type fakeInstallations struct {
	mu       sync.Mutex
	records  map[string][]v1alpha1.Installation
	limits   map[string]ratelimit.Limits // "ScmProvider id"
	restored []v1alpha1.Installation
	gap      time.Duration
	// until is until when each installation may send, "" one that is new.
	until map[string]time.Time
	// order is what was called, in order.
	order []string
}

func (f *fakeInstallations) set(scmProvider string, records ...v1alpha1.Installation) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.records[scmProvider] = records
}

func (f *fakeInstallations) Records(scmProvider string) []v1alpha1.Installation {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.records[scmProvider])
}

func (f *fakeInstallations) Restore(records [][]v1alpha1.Installation, gap time.Duration) {
	f.restored, f.gap = slices.Concat(records...), gap
	f.order = append(f.order, "Restore")
}

func (f *fakeInstallations) SetLimits(id, scmProvider string, l ratelimit.Limits) {
	f.order = append(f.order, "SetLimits "+scmProvider)
	f.limits[scmProvider+" "+id] = l
}

func (f *fakeInstallations) Replace(scmProvider string, allowed map[string]ratelimit.Limits) {
	f.order = append(f.order, "Replace "+scmProvider)
	maps.DeleteFunc(f.limits, func(of string, _ ratelimit.Limits) bool { return strings.HasPrefix(of, scmProvider+" ") })
	for id, l := range allowed {
		f.limits[scmProvider+" "+id] = l
	}
}

func (f *fakeInstallations) SendUntil(until time.Time, except func(id string) bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, id := range []string{inst678, inst679, ""} {
		if !except(id) {
			f.until[id] = until
		}
	}
}

// mayFor is for how long an installation may go on sending.
func (w *budgetWorld) mayFor(id string) time.Duration {
	w.from.mu.Lock()
	defer w.from.mu.Unlock()
	return w.from.until[id].Sub(w.clock.Now())
}

// recordedEvents keeps events as "namespace/name fieldPath: type reason: note".
type recordedEvents struct {
	mu   sync.Mutex
	made []string
}

func (r *recordedEvents) Eventf(regarding, _ runtime.Object, kind, reason, _, _ string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	on, ok := regarding.(*corev1.ObjectReference)
	if !ok {
		on = &corev1.ObjectReference{Kind: "ScmProvider", Name: regarding.(*v1alpha1.ScmProvider).Name}
	}
	r.made = append(r.made, on.Kind+" "+on.Name+" "+on.FieldPath+": "+kind+" "+reason+": "+args[0].(string))
}

func (r *recordedEvents) all() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.made)
}

// budgetWorld is budgets with an API server, installations and a clock of its own.
type budgetWorld struct {
	*WithT
	*Budgets
	api    client.Client
	from   *fakeInstallations
	clock  *clocktesting.FakeClock
	events *recordedEvents
	logged *[]string

	mu sync.Mutex
	// patches are the bodies of all patches, refuse what the next ones fail with.
	patches []string
	refuse  error
	// refuseBudgets is what patches of status.installations alone fail with.
	refuseBudgets error
	// onPatch is called before each patch.
	onPatch func()
	// refuseOnly is the only ScmProvider whose patches fail; empty is all.
	refuseOnly string
}

// newBudgetWorld makes budgets that are restored, with the ScmProviders that are
// given.
func newBudgetWorld(t *testing.T, scmProviders ...client.Object) *budgetWorld {
	w := &budgetWorld{
		WithT:  NewWithT(t),
		from:   &fakeInstallations{records: map[string][]v1alpha1.Installation{}, limits: map[string]ratelimit.Limits{}, until: map[string]time.Time{}},
		clock:  clocktesting.NewFakeClock(time.Date(2026, 11, 23, 10, 14, 4, 0, time.UTC)),
		events: &recordedEvents{},
		logged: &[]string{},
	}
	scheme := clusters.Scheme()
	w.api = fake.NewClientBuilder().WithScheme(scheme).WithObjects(scmProviders...).
		WithStatusSubresource(&v1alpha1.ScmProvider{}).
		WithInterceptorFuncs(interceptor.Funcs{SubResourcePatch: w.patch}).Build()
	w.Budgets = &Budgets{
		client: w.api, live: w.api, namespace: "hub", gap: time.Hour, installations: w.from, loading: &loading{},
		waiting: func() map[string]int { return map[string]int{inst678: 17} },
		events:  w.events, clock: w.clock,
		log:      funcr.New(func(_, args string) { *w.logged = append(*w.logged, args) }, funcr.Options{}),
		restored: make(chan struct{}), idle: make(chan struct{}), longer: newNoted(), paused: map[string]map[string]time.Time{},
		leftOut: map[string][]v1alpha1.Installation{}, unrecorded: newUnrecorded(),
	}
	for _, o := range scmProviders {
		if p, ok := o.(*v1alpha1.ScmProvider); ok {
			w.from.set(p.Name, p.Status.Installations...)
		}
	}
	w.Expect(w.Restore(t.Context())).To(Succeed())
	return w
}

func (w *budgetWorld) patch(ctx context.Context, c client.Client, sub string, o client.Object, p client.Patch, opts ...client.SubResourcePatchOption) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	body, err := p.Data(o)
	if err != nil {
		return err
	}
	if w.onPatch != nil {
		w.onPatch()
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.patches = append(w.patches, string(body))
	if w.refuseBudgets != nil && strings.HasPrefix(string(body), `{"status":{"installations"`) {
		return w.refuseBudgets
	}
	if w.refuse != nil && (w.refuseOnly == "" || w.refuseOnly == o.GetName()) {
		return w.refuse
	}
	return c.SubResource(sub).Patch(ctx, o, p, opts...)
}

// patched is how many patches there were.
func (w *budgetWorld) patched() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.patches)
}

// start runs the loop until stop is called, and the workers have ended.
func (w *budgetWorld) start(t *testing.T) (stop, workersEnd func(), ended chan error) {
	ctx, cancel := context.WithCancel(t.Context())
	workersEnd = sync.OnceFunc(func() { close(w.idle) })
	ended = make(chan error, 1)
	go func() {
		defer close(ended)
		ended <- w.Start(ctx)
	}()
	t.Cleanup(func() {
		cancel()
		workersEnd()
		w.Eventually(ended).Should(BeClosed())
	})
	w.Eventually(w.clock.HasWaiters).Should(BeTrue())
	return cancel, workersEnd, ended
}

// recorded is what the status of a ScmProvider says.
func (w *budgetWorld) recorded(name string) []v1alpha1.Installation {
	p := &v1alpha1.ScmProvider{}
	w.Expect(w.api.Get(context.Background(), types.NamespacedName{Namespace: "hub", Name: name}, p)).To(Succeed())
	return p.Status.Installations
}

func newScmProvider(name string, installations ...v1alpha1.Installation) *v1alpha1.ScmProvider {
	return &v1alpha1.ScmProvider{
		ObjectMeta: metav1.ObjectMeta{Namespace: "hub", Name: name, Generation: 1},
		Spec: v1alpha1.ScmProviderSpec{
			GitHub:    &v1alpha1.GitHubSpec{AppID: 12345},
			SecretRef: v1alpha1.ObjectReference{Name: "app"},
		},
		Status: v1alpha1.ScmProviderStatus{Installations: installations},
	}
}

// installation is a record with some left, made at a time.
func (w *budgetWorld) installation(id string, left int64) v1alpha1.Installation {
	return v1alpha1.Installation{ID: id, Account: "acme", Remaining: &left, ObservedAt: ptr.To(metav1.NewTime(w.clock.Now()))}
}

// pausedFor is a record of an installation that is paused from now on.
func (w *budgetWorld) pausedFor(id string, d time.Duration) v1alpha1.Installation {
	r := w.installation(id, 0)
	r.PausedUntil = ptr.To(metav1.NewTime(w.clock.Now().Add(d)))
	return r
}

func TestAPauseIsRecordedAtOnce(t *testing.T) {
	w := newBudgetWorld(t, newScmProvider("acme"), newScmProvider("other"))
	w.start(t)
	w.from.set("acme", w.pausedFor(inst678, time.Minute))
	w.from.set("other", w.installation(inst679, 7))
	w.longer.note(inst678)
	w.Eventually(func() []v1alpha1.Installation { return w.recorded("acme") }).Should(HaveLen(1))
	w.Expect(w.recorded("acme")[0].PausedUntil.Time).To(BeTemporally("==", w.clock.Now().Add(time.Minute)))
	w.Expect(w.recorded("other")).To(BeEmpty(), "what has nothing to do with it waits for its turn")

	w.from.set("acme", w.pausedFor(inst678, time.Hour))
	w.longer.note(inst678)
	w.Eventually(w.patched).Should(Equal(2))
	w.Expect(w.recorded("acme")[0].PausedUntil.Time).To(BeTemporally("==", w.clock.Now().Add(time.Hour)))
}

func TestNotingAPauseNeverBlocks(t *testing.T) {
	g := NewWithT(t)
	n := newNoted()
	for range 3 {
		n.note(inst678)
	}
	n.note(inst679)
	g.Expect(n.signal).To(Receive())
	taken := n.take()
	g.Expect([]bool{taken(inst678), taken(inst679), taken("another")}).To(Equal([]bool{true, true, false}))
	g.Expect(n.take()(inst678)).To(BeFalse())
}

func TestABudgetIsRecordedEveryTenSecondsWhileItChanges(t *testing.T) {
	w := newBudgetWorld(t, newScmProvider("acme"))
	w.start(t)
	for n := range 3 {
		w.from.set("acme", w.installation(inst678, int64(100-n)))
		w.clock.Step(9 * time.Second)
		w.Expect(w.patched()).To(Equal(n))
		w.clock.Step(time.Second)
		w.Eventually(w.patched).Should(Equal(n + 1))
		w.Eventually(func() int64 { return *w.recorded("acme")[0].Remaining }).Should(BeEquivalentTo(100 - n))
	}
	w.Expect(w.recorded("acme")[0].Queued).To(BeEquivalentTo(17), "what waits is the queue's to say")
}

func TestABudgetThatDoesNotChangeIsNotRecordedAgain(t *testing.T) {
	w := newBudgetWorld(t, newScmProvider("acme"), newScmProvider("idle"))
	for range 3 {
		w.from.set("acme", w.installation(inst678, 100))
		w.record(t.Context(), nil)
		w.clock.Step(recordInterval)
	}
	w.Expect(w.patched()).To(Equal(1))
}

func TestWhatWasNotUsedForLongLeavesTheStatus(t *testing.T) {
	w := newBudgetWorld(t, newScmProvider("acme", v1alpha1.Installation{ID: inst678}))
	w.from.set("acme")
	w.record(t.Context(), nil)
	w.Expect(w.recorded("acme")).To(BeEmpty())
}

func TestTheLastRecordIsMadeAfterTheLastRequest(t *testing.T) {
	w := newBudgetWorld(t, newScmProvider("acme"))
	stop, workersEnd, ended := w.start(t)
	w.from.set("acme", w.installation(inst678, 2))
	stop()
	w.Consistently(ended, 50*time.Millisecond).ShouldNot(Receive(), "a request is under way")
	w.Expect(w.patched()).To(Equal(0))
	w.from.set("acme", w.installation(inst678, 1))
	workersEnd()
	w.Eventually(ended).Should(Receive(BeNil()))
	w.Expect(*w.recorded("acme")[0].Remaining).To(BeEquivalentTo(1))
}

func TestWhatWasNotRestoredIsNotOverwritten(t *testing.T) {
	w := newBudgetWorld(t, newScmProvider("acme", v1alpha1.Installation{ID: inst678}))
	w.restored = make(chan struct{})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- w.Start(ctx) }()
	w.Consistently(ended, 50*time.Millisecond).ShouldNot(Receive())
	w.Expect(w.clock.HasWaiters()).To(BeFalse(), "no record is due")
	cancel()
	w.Eventually(ended).Should(Receive(BeNil()))
	w.Expect(w.recorded("acme")).To(HaveLen(1))
}

func TestADeletedScmProviderIsNoError(t *testing.T) {
	w := newBudgetWorld(t, newScmProvider("acme"))
	w.from.set("acme", w.installation(inst678, 1))
	w.refuse = apierrors.NewNotFound(schema.GroupResource{Resource: "scmproviders"}, "acme")
	w.record(t.Context(), nil)
	w.Expect(w.patched()).To(Equal(1))
	w.Expect(*w.logged).To(BeEmpty())
}

func TestARecordThatFailsIsMadeLaterAndToldOnce(t *testing.T) {
	w := newBudgetWorld(t, newScmProvider("acme"), newScmProvider("other"))
	w.from.set("acme", w.installation(inst678, 1))
	w.refuse = errors.New("the API server is away")
	for range 3 {
		w.record(t.Context(), nil)
	}
	w.Expect(*w.logged).To(ConsistOf(ContainSubstring("the API server is away")))
	w.record(t.Context(), func(string) bool { return false })
	w.Expect(*w.logged).To(HaveLen(1), "a round that patched nothing tells nothing")
	w.refuse = nil
	for range 3 {
		w.record(t.Context(), nil)
	}
	w.Expect(*w.logged).To(HaveLen(2))
	w.Expect((*w.logged)[1]).To(ContainSubstring("recorded again"))
	w.Expect(w.recorded("acme")).To(HaveLen(1))
}

func TestWhatCannotBeRecordedIsNotSpentBeyondTheGap(t *testing.T) {
	w := newBudgetWorld(t, newScmProvider("acme"), newScmProvider("other"))
	w.gap = 30 * time.Second
	w.from.set("acme", w.installation(inst678, 1))
	w.record(t.Context(), nil)
	w.Expect(w.mayFor(inst678)).To(Equal(29 * time.Second))

	w.refuse = errors.New("the API server is away")
	w.clock.Step(10 * time.Second)
	w.record(t.Context(), nil)
	w.Expect(w.mayFor(inst678)).To(Equal(29*time.Second), "there was nothing to record")

	w.clock.Step(10 * time.Second)
	w.from.set("acme", w.installation(inst678, 0))
	for _, asked := range []func(string) bool{nil, func(id string) bool { return id == inst678 }} {
		w.record(t.Context(), asked)
		w.Expect(w.mayFor(inst678)).To(Equal(19 * time.Second))
		w.Expect(w.mayFor(inst679)).To(Equal(29*time.Second), "it has nothing to do with it")
	}

	w.clock.Step(time.Second)
	w.from.set("other", w.installation(inst678, 1), w.installation(inst679, 1))
	w.refuseOnly = "acme"
	w.record(t.Context(), nil)
	w.Expect(w.mayFor(inst678)).To(Equal(29*time.Second), "one record is enough")
}

func TestAPauseThatIsRecordedSaysNothingOfOthers(t *testing.T) {
	w := newBudgetWorld(t, newScmProvider("acme"), newScmProvider("other"))
	w.from.set("acme", w.pausedFor(inst678, time.Minute))
	w.from.set("other", w.installation(inst679, 1))
	before := w.mayFor(inst679)
	w.clock.Step(5 * time.Second)
	w.record(t.Context(), func(id string) bool { return id == inst678 })
	w.Expect(w.mayFor(inst678)).To(Equal(w.gap - time.Second))
	w.Expect(w.mayFor(inst679)).To(Equal(before - 5*time.Second))
}

func TestBudgetsAndConditionsNeverTouchEachOther(t *testing.T) {
	w := newBudgetWorld(t, newScmProvider("acme"))
	w.from.set("acme", w.installation(inst678, 1))
	w.record(t.Context(), nil)
	scms := opener(w, ledgertest.Kind{})
	_, err := scms.report(t.Context(), ctrl.Request{NamespacedName: types.NamespacedName{Namespace: "hub", Name: "acme"}})
	w.Expect(err).NotTo(HaveOccurred())
	w.from.set("acme", w.installation(inst678, 2))
	w.record(t.Context(), nil)

	w.Expect(w.patches).To(HaveLen(3))
	for i, owns := range []string{"installations", "conditions", "installations"} {
		var body map[string]map[string]any
		w.Expect(json.Unmarshal([]byte(w.patches[i]), &body)).To(Succeed())
		if owns == "conditions" { // a list is replaced as a whole: it is for one version
			w.Expect(body["metadata"]).To(And(HaveLen(1), HaveKey("resourceVersion")))
			delete(body, "metadata")
		}
		w.Expect(body).To(HaveLen(1))
		w.Expect(body["status"]).To(And(HaveLen(1), HaveKey(owns)))
	}
	p := &v1alpha1.ScmProvider{}
	w.Expect(w.api.Get(t.Context(), types.NamespacedName{Namespace: "hub", Name: "acme"}, p)).To(Succeed())
	w.Expect(p.Status.Conditions).To(HaveLen(1))
	w.Expect(*p.Status.Installations[0].Remaining).To(BeEquivalentTo(2))
}
