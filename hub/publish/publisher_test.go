package publish

import (
	"container/heap"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-logr/logr"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/types"
	dto "github.com/prometheus/client_model/go"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger/ledgertest"
)

// statusClient is a member's client as far as the publisher uses it.
type statusClient struct {
	client.Client
	patch func(context.Context, client.Object, []byte) error
}

func (c *statusClient) Status() client.SubResourceWriter { return statusWriter{patch: c.patch} }

type statusWriter struct {
	client.SubResourceWriter
	patch func(ctx context.Context, object client.Object, body []byte) error
}

func (c statusWriter) Patch(ctx context.Context, object client.Object, patch client.Patch, _ ...client.SubResourcePatchOption) error {
	body, err := patch.Data(object)
	if err != nil {
		return err
	}
	return c.patch(ctx, object, body)
}

// outletTo opens the way of a fleet's hub into the member eu.
func outletTo(f *ledgertest.Fleet, patch func(context.Context, client.Object, []byte) error) (*Publisher, *outlet) {
	p := quietPublisher(f.Ledger, clock.RealClock{})
	o := &outlet{client: &statusClient{patch: patch}, events: events.NewFakeRecorder(10)}
	o.outdated = newOutdated(p.Clock, func(field string) { p.Outdated("eu", field) })
	o.refusals = newRefusals(func(bool) {}, func(string) {})
	o.outbox = newOutbox(p.Clock, &p.working, func(id ledger.ObjectID, t try) result { return p.publish(o, id, t) })
	p.outlets["eu"] = o
	p.Start(context.Background())
	return p, o
}

// HaveOutcome matches a result.
func HaveOutcome(want outcome) types.GomegaMatcher {
	return WithTransform(func(r result) outcome { return r.outcome }, Equal(want))
}

// denied has a status that is to be published to the member eu.
func denied(t *testing.T) *ledgertest.Fleet {
	f := ledgertest.NewFleet(t)
	f.SetScmProvider("acme", ledgertest.ScmProvider())
	f.Hear("eu", ledgertest.CommitStatus(func(cs *v1alpha1.CommitStatus) { cs.ResourceVersion = "41" }))
	return f
}

// quietPublisher makes a publisher that reports nothing of members.
func quietPublisher(l *ledger.Ledger, clk clock.WithDelayedExecution) *Publisher {
	return New(Options{
		Ledger: l, Clock: clk, Log: logr.Discard(),
		Outdated: func(string, string) {}, Forbidden: func(string, bool) {}, Unwanted: func(string, string) {},
	})
}

func TestAPatchIsForTheVersionOfTheObjectThatIsKnown(t *testing.T) {
	f := denied(t)
	var versions []string
	p, o := outletTo(f, func(_ context.Context, object client.Object, body []byte) error {
		var sent struct {
			Metadata struct{ UID, ResourceVersion string }
		}
		f.G.Expect(json.Unmarshal(body, &sent)).To(Succeed())
		f.G.Expect(sent.Metadata.UID).To(Equal(string(ledgertest.CommitStatus().UID)))
		versions = append(versions, sent.Metadata.ResourceVersion)
		object.SetResourceVersion("42")
		return nil
	})
	f.G.Expect(p.publish(o, ledgertest.ID("eu"), try{})).To(HaveOutcome(finished))
	f.SetScmProvider("acme", nil)
	f.G.Expect(p.publish(o, ledgertest.ID("eu"), try{})).To(HaveOutcome(finished))
	f.G.Expect(versions).To(Equal([]string{"41", "42"}), "the second before the watch has told of the first")
}

func TestAnObjectThatHasChangedIsPatchedWhenTheWatchTellsOfIt(t *testing.T) {
	f := denied(t)
	entered, leave := make(chan struct{}, 10), make(chan struct{})
	var mu sync.Mutex
	current, patched := "43", 0
	p, o := outletTo(f, func(_ context.Context, _ client.Object, body []byte) error {
		entered <- struct{}{}
		<-leave
		mu.Lock()
		defer mu.Unlock()
		var sent struct {
			Metadata struct{ ResourceVersion string }
		}
		if err := json.Unmarshal(body, &sent); err != nil || sent.Metadata.ResourceVersion != current {
			return apierrors.NewConflict(schema.GroupResource{}, "build", errors.New("the object has been modified"))
		}
		patched++
		return nil
	})
	stale := func() float64 {
		var written dto.Metric
		f.G.Expect(PatchesTotal.WithLabelValues("eu", "stale").Write(&written)).To(Succeed())
		return written.GetCounter().GetValue()
	}
	before := stale()
	watch := func(version string) {
		p.Add(f.SetObject("eu", f.Token["eu"], ledgertest.CommitStatus(func(cs *v1alpha1.CommitStatus) { cs.ResourceVersion = version })).Objects)
	}
	p.Add([]ledger.ObjectID{ledgertest.ID("eu")})
	f.G.Eventually(entered).Should(Receive())
	watch("43") // while the patch is under way
	close(leave)
	p.working.Wait()
	f.G.Expect(patched).To(Equal(1))
	f.G.Expect(stale() - before).To(Equal(1.0))

	current = "45"
	f.SetScmProvider("acme", nil)
	p.Add([]ledger.ObjectID{ledgertest.ID("eu")})
	p.working.Wait()
	f.G.Expect(patched).To(Equal(1), "not before the watch has told")
	f.G.Expect(o.outbox.items).To(BeEmpty())
	f.G.Expect(o.outbox.resume).To(BeNil(), "nothing is wrong with the member")
	watch("45")
	p.working.Wait()
	f.G.Expect(patched).To(Equal(2))
}

func TestAPatchToAMemberThatHangsEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := denied(t)
		p, o := outletTo(f, func(ctx context.Context, _ client.Object, _ []byte) error {
			<-ctx.Done()
			return ctx.Err()
		})
		begun := time.Now()
		f.G.Expect(p.publish(o, ledgertest.ID("eu"), try{})).To(HaveOutcome(unserved))
		f.G.Expect(time.Since(begun)).To(Equal(patchTimeout))
	})
}

func TestOnlyWhatConcernsAWholeMemberBacksItOff(t *testing.T) {
	answered := func(code int) error {
		return apierrors.NewGenericServerResponse(code, "patch", schema.GroupResource{}, "build", "", 0, true)
	}
	for name, tc := range map[string]struct {
		err    error
		result string
		came   outcome
	}{
		"patched":       {nil, "ok", finished},
		"deleted":       {answered(http.StatusNotFound), "gone", finished},
		"changed":       {answered(http.StatusConflict), "stale", finished},
		"bad request":   {answered(http.StatusBadRequest), "refused", refused},
		"invalid":       {answered(http.StatusUnprocessableEntity), "refused", refused},
		"forbidden":     {unauthorizedPatch(), "error", refused},
		"another 403":   {answered(http.StatusForbidden), "refused", refused},
		"too large":     {answered(http.StatusRequestEntityTooLarge), "refused", refused},
		"unauthorized":  {answered(http.StatusUnauthorized), "error", unserved},
		"flooded":       {answered(http.StatusTooManyRequests), "error", unserved},
		"broken":        {answered(http.StatusInternalServerError), "error", unserved},
		"not up":        {answered(http.StatusServiceUnavailable), "error", unserved},
		"no answer":     {context.DeadlineExceeded, "error", unserved},
		"no connection": {errors.New("connection refused"), "error", unserved},
		"a 418":         {answered(http.StatusTeapot), "refused", refused},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			result, came := outcomeOf(tc.err)
			g.Expect(result).To(Equal(tc.result))
			g.Expect(came).To(Equal(tc.came))
		})
	}
}

func TestPublish_SendsALostFieldOnceAMinuteUntilTheMemberKeepsIt(t *testing.T) {
	f := denied(t)
	loses, patches, stored := true, 0, ledgertest.CommitStatus()
	var p *Publisher
	var o *outlet
	p, o = outletTo(f, func(_ context.Context, object client.Object, body []byte) error {
		patches++
		cs := object.(*v1alpha1.CommitStatus)
		f.G.Expect(json.Unmarshal(body, cs)).To(Succeed())
		if loses {
			cs.Status.SyncFailure = nil
		}
		if !equality.Semantic.DeepEqual(stored.Status, cs.Status) {
			cs.ResourceVersion = stored.ResourceVersion + "0"
			stored = ledgertest.CommitStatus(func(seen *v1alpha1.CommitStatus) {
				seen.ResourceVersion, seen.Status = cs.ResourceVersion, *cs.Status.DeepCopy()
			})
			f.SetObject("eu", f.Token["eu"], stored.DeepCopy())
		}
		return nil
	})
	var lost []string
	o.outdated = newOutdated(f.Clock, func(field string) { lost = append(lost, field) })
	for range 10 {
		p.publish(o, ledgertest.ID("eu"), try{})
	}
	f.G.Expect(patches).To(Equal(1))
	f.G.Expect(lost).To(Equal([]string{"status.syncFailure"}))
	next := p.publish(o, ledgertest.ID("eu"), try{})
	f.G.Expect(next).To(Equal(result{outcome: held, until: f.Clock.Now().Add(probeEvery)}))

	f.Clock.Step(probeEvery)
	p.publish(o, ledgertest.ID("eu"), try{})
	f.G.Expect(p.publish(o, ledgertest.ID("eu"), try{}).outcome).To(Equal(held))
	f.G.Expect(patches).To(Equal(2))
	loses = false
	f.Clock.Step(probeEvery)
	p.publish(o, ledgertest.ID("eu"), try{})
	p.working.Wait()
	f.G.Expect(patches).To(Equal(3))
	f.G.Expect(lost).To(Equal([]string{"status.syncFailure", ""}))
	f.G.Expect(stored.Status.SyncFailure).NotTo(BeNil())
	f.G.Expect(p.publish(o, ledgertest.ID("eu"), try{})).To(HaveOutcome(finished))
}

// A member answers a patch with a status of its own, and never tells of it by its watch.
func TestKept_KeepsNoMoreOfAnAnswerThanOfAnObject(t *testing.T) {
	f := denied(t)
	p, o := outletTo(f, func(_ context.Context, object client.Object, _ []byte) error {
		cs := object.(*v1alpha1.CommitStatus)
		cs.UID, cs.ResourceVersion = ledgertest.CommitStatus().UID, "99999999"
		cs.Status.Description = strings.Repeat("x", 3<<20)
		for range 10_000 {
			cs.Status.Conditions = append(cs.Status.Conditions, metav1.Condition{Type: "Other"})
		}
		return nil
	})
	p.publish(o, ledgertest.ID("eu"), try{})
	next, ok := f.Patch(ledgertest.ID("eu"))
	f.G.Expect(ok).To(BeTrue(), "the member keeps something else")
	f.G.Expect(len(next.Now.Description)).To(BeNumerically("<=", 65536))
	f.G.Expect(len(next.Now.Conditions)).To(BeNumerically("<=", 2))
}

// A member's old CRDs lose a field of one status and refuse another, and are renewed.
func TestPublish_RetriesWhatIsRefusedOnceTheCRDsAreRenewed(t *testing.T) {
	f := denied(t)
	other := ledgertest.ID("eu")
	other.Name = "test"
	p, o := outletTo(f, nil)
	l := &item{id: other, state: itemDelayed, backoff: longestRefusal, refused: 7, due: p.Clock.Now().Add(longestRefusal)}
	o.outbox.items[other] = l
	heap.Push(&o.outbox.delayed, l)
	tries := make(chan try, 1)
	o.outbox.publish = func(_ ledger.ObjectID, t try) result { tries <- t; return result{outcome: finished} }
	p.addAll("eu")
	f.G.Expect((<-tries).refused).To(BeZero(), "or nothing is tried: it is early")
}
