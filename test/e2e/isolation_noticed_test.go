package e2e

import (
	"net/http"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	eventsv1 "k8s.io/api/events/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/argoproj-labs/commit-status-hub/kubeconfigs"
	"github.com/argoproj-labs/commit-status-hub/test/faults"
)

// unauthorized answers all requests that are new so. The watches that there are go on.
func unauthorized() faults.Fault {
	return faults.Fault{Answer: func(out http.ResponseWriter, _ *http.Request) bool {
		out.Header().Set("Content-Type", "application/json")
		out.WriteHeader(http.StatusUnauthorized)
		_, _ = out.Write([]byte(`{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"Unauthorized","reason":"Unauthorized","code":401}`))
		return true
	}}
}

// told are the reasons of the events on the member's Secret.
func (b *bad) told() (reasons []string) {
	GinkgoHelper()
	var list eventsv1.EventList
	Expect(hubCluster.Client.List(b.ctx, &list, client.InNamespace(b.namespace))).To(Succeed())
	for _, e := range list.Items {
		if e.Regarding.Kind == "Secret" && e.Regarding.Name == b.name {
			reasons = append(reasons, e.Reason)
		}
	}
	return reasons
}

// living adds a made-up member that is served.
func (t *trial) living(name string) *bad {
	GinkgoHelper()
	b := t.adds(name, faults.NewMember(flood(1, 0, nil)(t)))
	b.engage()
	return b
}

var _ = Describe("A member that goes bad without a word", func() {
	// Its watch lasts, or has nothing to tell, so that only being asked shows what is wrong.
	It("is noticed, whatever it does in place of an answer, and delays nobody", func() {
		t := newTrial(5, 0)
		expected := map[*bad]struct {
			fault  faults.Fault
			reason string
		}{
			t.living("revoked"): {unauthorized(), kubeconfigs.ReasonUnauthorized},
			t.living("hung"):    {faults.Fault{Stall: func(*http.Request) bool { return true }}, kubeconfigs.ReasonTimedOut},
			t.living("noisy"):   {faults.Noise(), kubeconfigs.ReasonUnreachable},
		}
		for b := range expected {
			b.served()
			Eventually(b.health).Should(HaveField("State", kubeconfigs.Connected))
		}
		for b, e := range expected {
			b.front.Misbehave(e.fault)
		}
		t.work()
		for b, e := range expected {
			// A check begins within 30 s, and has 30 s for its answer.
			Eventually(b.health).WithTimeout(90*time.Second).Should(HaveField("Reason", e.reason), b.name)
			Eventually(b.told).Should(ContainElement(e.reason), b.name)
		}
		t.work()
		for b := range expected {
			b.recovers()
		}
		t.work()
	})

	// Not yet: a watch that begins well and ends in what cannot be read raises no doubts, and
	// the lists that checks ask for are answered.
	It("is noticed when its watch brings what the hub does not take", func() {
		t := newTrial(1, 0)
		b := t.living("giant")
		b.served()
		b.front.Misbehave(faults.GiantEvent(1 << 30))
		b.front.Cut()
		Eventually(b.health).WithTimeout(time.Minute).Should(HaveField("State", kubeconfigs.Unreachable))
		t.work()
		b.recovers()
	})
})
