package publish

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"sync"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	apimeta "k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/events"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger/ledgertest"
	"github.com/argoproj-labs/commit-status-hub/hub/statustest"
)

// duel is one object of a member in which others write statuses, too.
type duel struct {
	fleet     *ledgertest.Fleet
	publisher *Publisher
	outlet    *outlet
	events    *events.FakeRecorder

	mu sync.Mutex
	// stored is the object in the member, and writes are when the hub wrote to it.
	stored *v1alpha1.CommitStatus
	writes []time.Time
	// reported is how many writes the test has been told of.
	reported int
	// rival is what others make of a status as soon as the hub has written it, and mutates
	// what a webhook makes of it before it is stored.
	rival, mutates func(*v1alpha1.CommitStatusStatus)
}

func newDuel(t *testing.T) *duel {
	f := ledgertest.NewFleet(t)
	f.SetScmProvider("acme", ledgertest.ScmProvider())
	d := &duel{fleet: f, stored: ledgertest.CommitStatus(func(cs *v1alpha1.CommitStatus) { cs.ResourceVersion = "41" }), events: events.NewFakeRecorder(1000)}
	f.Hear("eu", d.stored.DeepCopy())
	d.publisher = quietPublisher(f.Ledger, f.Clock)
	d.outlet = &outlet{client: &statusClient{patch: d.patch}, events: d.events, outdated: newOutdated(f.Clock, func(string) {}), refusals: newRefusals(func(bool) {}, func(string) {})}
	d.outlet.outbox = newOutbox(f.Clock, &d.publisher.working, func(id ledger.ObjectID, tr try) result { return d.publisher.publish(d.outlet, id, tr) })
	d.publisher.outlets["eu"] = d.outlet
	d.publisher.Start(context.Background())
	t.Cleanup(d.publisher.Wait)
	return d
}

// patch is the member's API server, with an admission that mutates.
func (d *duel) patch(_ context.Context, object client.Object, body []byte) error {
	d.mu.Lock()
	d.writes = append(d.writes, d.fleet.Clock.Now())
	var sent struct{ Status v1alpha1.CommitStatusStatus }
	d.fleet.G.Expect(json.Unmarshal(body, &sent)).To(Succeed())
	if d.mutates != nil {
		d.mutates(&sent.Status)
	}
	d.store(sent.Status)
	d.stored.DeepCopyInto(object.(*v1alpha1.CommitStatus))
	rival := d.rival
	d.mu.Unlock()
	d.emit()
	if rival != nil {
		d.overwrite(rival)
	}
	return nil
}

// store makes a new version of the object.
func (d *duel) store(status v1alpha1.CommitStatusStatus) {
	version, err := strconv.Atoi(d.stored.ResourceVersion)
	d.fleet.G.Expect(err).NotTo(HaveOccurred())
	d.stored.Status, d.stored.ResourceVersion = status, strconv.Itoa(version+1)
}

// tell has the watch bring the object as it is.
func (d *duel) emit() {
	d.mu.Lock()
	now := d.stored.DeepCopy()
	d.mu.Unlock()
	ledger.Trim(now)
	d.publisher.Add(d.fleet.SetObject("eu", d.fleet.Token["eu"], now).Objects)
}

// overwrite has others change the status.
func (d *duel) overwrite(edit func(*v1alpha1.CommitStatusStatus)) {
	d.mu.Lock()
	status := *d.stored.Status.DeepCopy()
	edit(&status)
	d.store(status)
	d.mu.Unlock()
	d.emit()
}

// pass lets time go by, and returns how often the hub wrote since it was called last.
func (d *duel) pass(t time.Duration) int {
	d.publisher.working.Wait()
	before := d.reported
	for range t / (100 * time.Millisecond) {
		d.publisher.working.Wait()
		d.fleet.Clock.Step(100 * time.Millisecond)
	}
	d.publisher.working.Wait()
	d.mu.Lock()
	defer d.mu.Unlock()
	d.reported = len(d.writes)
	return d.reported - before
}

// begin has the hub publish its first status.
func (d *duel) begin() {
	d.publisher.Add([]ledger.ObjectID{ledgertest.ID("eu")})
	d.publisher.working.Wait()
	d.fleet.G.Expect(d.writes).To(HaveLen(1))
	d.reported = 1
	d.fleet.G.Expect(d.events.Events).To(Receive(HavePrefix("Warning SyncFailed")))
}

func saysOnly(reason string, message func() string) func(*v1alpha1.CommitStatusStatus) {
	return func(st *v1alpha1.CommitStatusStatus) {
		apimeta.SetStatusCondition(&st.Conditions, metav1.Condition{Type: v1alpha1.ConditionReady, Status: metav1.ConditionFalse, Reason: reason, Message: message()})
	}
}

func TestContest_ConvergesAndEnds(t *testing.T) {
	n := 0
	for name, rival := range map[string]func(*v1alpha1.CommitStatusStatus){
		"the same text each time": saysOnly(v1alpha1.ReasonProviderNotFound, func() string { return "no such ScmProvider" }),
		"another text each time":  saysOnly(v1alpha1.ReasonProviderNotFound, func() string { n++; return fmt.Sprint("no ", n) }),
		"another owner each time": func(st *v1alpha1.CommitStatusStatus) { n++; st.IsSynced, st.Owner = true, fmt.Sprint("us/team-a/", n) },
		"a condition of their own": func(st *v1alpha1.CommitStatusStatus) {
			st.Conditions = append(st.Conditions, metav1.Condition{Type: "Theirs"})
		},
		"nothing left": func(st *v1alpha1.CommitStatusStatus) { *st = v1alpha1.CommitStatusStatus{} },
	} {
		t.Run(name, func(t *testing.T) {
			d := newDuel(t)
			d.begin()
			d.mu.Lock()
			d.rival = rival
			d.mu.Unlock()
			d.overwrite(rival)
			d.fleet.G.Expect(d.pass(20 * time.Second)).To(And(BeNumerically(">=", 3), BeNumerically("<=", 6)))
			d.fleet.G.Expect(d.pass(10 * time.Minute)).To(BeNumerically("<=", 10))
			d.fleet.G.Expect(d.pass(time.Hour)).To(BeNumerically("<=", 13), "every 5 min")
			d.fleet.G.Expect(d.events.Events).To(HaveLen(1), "no reason is told again")
			d.fleet.G.Expect(d.events.Events).To(Receive(HavePrefix("Warning StatusContested")))

			d.mu.Lock()
			d.rival = nil
			d.mu.Unlock()
			d.pass(5 * time.Minute)
			statustest.ExpectInvariants(d.fleet.G, d.stored.Status, 1)
			d.pass(10 * time.Minute)
			d.fleet.G.Expect(d.fleet.ReviewContest(ledgertest.ID("eu"))).To(BeZero(), "others have stopped")
			d.fleet.G.Expect(d.outlet.outbox.items).To(BeEmpty())

			d.overwrite(rival)
			d.fleet.G.Expect(d.pass(time.Second)).To(Equal(1), "it begins anew")
		})
	}
}

func TestContest_LetsNewsThrough(t *testing.T) {
	d := newDuel(t)
	d.begin()
	rival := saysOnly(v1alpha1.ReasonProviderNotFound, func() string { return "no such ScmProvider" })
	d.rival = rival
	d.overwrite(rival)
	d.pass(2 * time.Minute)
	d.mu.Lock()
	d.stored.Generation++
	d.stored.Spec.Phase = v1alpha1.PhaseFailure
	d.store(d.stored.Status)
	d.mu.Unlock()
	d.emit()
	d.fleet.G.Expect(d.pass(0)).To(Equal(1), "the spec has changed")
	d.fleet.SetScmProvider("acme", nil)
	d.publisher.Add([]ledger.ObjectID{ledgertest.ID("eu")})
	d.fleet.G.Expect(d.pass(0)).To(BeZero(), "the hub has just written")
	d.fleet.G.Expect(d.pass(15*time.Second)).To(Equal(1), "there is something new to say")
}

func TestContest_NeedsOthers(t *testing.T) {
	d := newDuel(t)
	d.begin()
	for i := range 20 {
		d.mu.Lock()
		d.stored.Labels = map[string]string{"n": strconv.Itoa(i)}
		d.store(d.stored.Status)
		d.mu.Unlock()
		d.emit()
		s := ledgertest.ScmProvider()
		if i%2 == 0 {
			s = nil
		}
		d.publisher.Add(d.fleet.SetScmProvider("acme", s).Objects)
		d.fleet.G.Expect(d.pass(0)).To(Equal(1))
	}
	d.fleet.G.Expect(d.fleet.ReviewContest(ledgertest.ID("eu"))).To(BeZero())
}

func TestContest_IncludesAWebhookThatChangesEachStatus(t *testing.T) {
	d := newDuel(t)
	n := 0
	d.mutates = func(st *v1alpha1.CommitStatusStatus) { n++; st.Conditions[0].Message = strconv.Itoa(n) }
	d.begin()
	d.fleet.G.Expect(d.pass(20 * time.Second)).To(BeNumerically("<=", 6))
	d.fleet.G.Expect(d.pass(time.Hour)).To(BeNumerically("<=", 24))
	d.fleet.G.Expect(d.events.Events).To(Receive(HavePrefix("Warning StatusContested")))
	d.fleet.G.Expect(d.events.Events).To(BeEmpty())
}
