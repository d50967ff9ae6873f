package syncer_test

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger/ledgertest"
	"github.com/argoproj-labs/commit-status-hub/hub/syncer"
)

// successor is the world of a hub that takes over. It reads the statuses that the hub before it
// published and sealed, after edit.
func (w *scmWorld) successor(edit func(*v1alpha1.CommitStatus)) *scmWorld {
	w.G.THelper()
	next := *w
	next.Fleet = ledgertest.NewSuccessor(w.Fleet)
	next.Seals.Set(firstKey, nil)
	next.ready, next.due, next.told = nil, map[ledger.Key]time.Time{}, nil
	next.objects, next.statuses = map[string]*v1alpha1.CommitStatus{}, map[string]v1alpha1.CommitStatusStatus{}
	worker := *w.syncer
	worker.Ledger, worker.Queue, worker.Apply = next.Ledger, func() syncer.Lanes { return &next }, next.apply
	next.syncer = &worker
	next.open()
	next.Loaded()
	next.Begin(ledger.Predecessor{Led: true, Clean: true})
	next.Tell("eu")
	for name, object := range w.objects {
		w.condition(name)
		object = object.DeepCopy()
		status := w.statuses[name]
		object.Status = *status.DeepCopy()
		object.Status.Provider.Seal = next.Seals.Of(object.UID, object.Status)
		edit(object)
		next.Seals.Keep(object)
		next.set(object)
	}
	next.apply(next.Synced("eu", next.Token["eu"]))
	next.run(time.Millisecond)
	return &next
}

func unedited(*v1alpha1.CommitStatus) {}

func TestRefusedCredential_ThatAPredecessorUsedIsAskedAgainSoon(t *testing.T) {
	everySCM(t, func(t *testing.T, start func() *scmWorld, says own) {
		for _, refusal := range says.refusals() {
			before := start()
			before.wantMany(2, v1alpha1.PhaseQueued)
			before.run(time.Minute)
			w := before.successor(unedited)
			w.refuse(refusal.status, refusal.body)
			w.want("build-0", v1alpha1.PhaseSuccess)
			w.run(30 * time.Second)
			w.G.Expect(w.condition("build-0").Reason).To(Equal(refusal.reason))
			w.ClearFaults()
			w.run(time.Minute)
			w.G.Expect(w.condition("build-0").Reason).To(Equal(v1alpha1.ReasonSynced), "%d", refusal.status)
		}
	})
}

func TestRefusedCredential_WorkedForNoPredecessorWithout(t *testing.T) {
	for name, edit := range map[string]func(*v1alpha1.CommitStatus){
		"a seal":       func(cs *v1alpha1.CommitStatus) { cs.Status.Provider.Seal = "" },
		"a right seal": func(cs *v1alpha1.CommitStatus) { cs.Status.Provider.Seal = "AAAAAAAAAAAAAAAAAAAAAA" },
		"the time":     func(cs *v1alpha1.CommitStatus) { cs.Status.UpdatedAt = nil },
		"a time of late": func(cs *v1alpha1.CommitStatus) {
			cs.Status.UpdatedAt = &metav1.Time{Time: cs.Status.UpdatedAt.Add(-provenFor)}
		},
		"its ScmProvider": func(cs *v1alpha1.CommitStatus) { cs.Status.ScmProvider = "another" },
	} {
		t.Run(name, func(t *testing.T) {
			everySCM(t, func(t *testing.T, start func() *scmWorld, says own) {
				for _, refusal := range says.refusals() {
					before := start()
					before.wantMany(2, v1alpha1.PhaseQueued)
					before.run(time.Minute)
					w := before.successor(edit)
					w.refuse(refusal.status, refusal.body)
					w.want("build-0", v1alpha1.PhaseSuccess)
					w.run(30 * time.Second)
					w.ClearFaults()
					w.run(time.Minute)
					w.G.Expect(w.condition("build-0").Reason).To(Equal(refusal.reason), "%d", refusal.status)
				}
			})
		})
	}
}

func TestRefusedCredential_OfAnotherSecretThanAPredecessorsIsNotProven(t *testing.T) {
	before := gitlabWorld(t)
	before.wantMany(2, v1alpha1.PhaseQueued)
	before.run(time.Minute)
	w := before.successor(unedited)
	w.secret["note"] = []byte("of a user")
	w.open()
	w.refuse(401, `{"message":"401 Unauthorized"}`)
	w.want("build-0", v1alpha1.PhaseSuccess)
	w.run(30 * time.Second)
	w.ClearFaults()
	w.run(time.Minute)
	w.G.Expect(w.condition("build-0").Reason).To(Equal(v1alpha1.ReasonCredentialsInvalid))
}

func TestRefusedCredential_OfAPredecessorIsOneQuestion(t *testing.T) {
	everySCM(t, func(t *testing.T, start func() *scmWorld, _ own) {
		before := start()
		before.wantMany(2, v1alpha1.PhaseQueued)
		before.run(time.Minute)
		w := before.successor(unedited)
		w.want("build-0", v1alpha1.PhaseSuccess)
		w.want("build-1", v1alpha1.PhaseSuccess)
		first, second := w.ready[0], w.ready[1]
		one, _, _ := w.Job(first)
		other, _, _ := w.Job(second)
		entry, _ := w.MayAsk(first, one, ledger.AskWrite)
		w.G.Expect(entry.Wait).To(BeZero())
		entry, _ = w.MayAsk(second, other, ledger.AskWrite)
		w.G.Expect(entry.Wait).NotTo(BeZero(), "nobody knows yet whether the credential still works")
	})
}

func TestRefusedCredential_OfAnotherSecretIsOneQuestion(t *testing.T) {
	everySCM(t, func(t *testing.T, start func() *scmWorld, _ own) {
		w := start()
		w.wantMany(2, v1alpha1.PhaseQueued)
		w.run(time.Minute)
		w.secret["note"] = []byte("of a user")
		w.open()
		w.run(time.Second) // who a token is of is asked by itself
		w.wantMany(2, v1alpha1.PhaseSuccess)
		first, second := w.ready[0], w.ready[1]
		one, _, _ := w.Job(first)
		other, _, _ := w.Job(second)
		entry, _ := w.MayAsk(first, one, ledger.AskWrite)
		w.G.Expect(entry.Wait).To(BeZero())
		entry, _ = w.MayAsk(second, other, ledger.AskWrite)
		w.G.Expect(entry.Wait).NotTo(BeZero(), "nobody knows yet whether the new credential works")
	})
}
