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

var _ = Describe("A member that goes bad without a word", early, func() {
	// Its watch lasts, or has nothing to tell, so that only being asked shows what is wrong.
	It("is noticed, whatever it does in place of an answer, and delays nobody", func() {
		t := newTrial(5, 0)
		// A check begins within 30 s, and has 30 s for its answer.
		expected := []struct {
			*bad
			fault  faults.Fault
			reason string
			within time.Duration
		}{
			{t.living("revoked"), unauthorized(), kubeconfigs.ReasonUnauthorized, time.Minute},
			{t.living("noisy"), faults.Noise(), kubeconfigs.ReasonUnreachable, time.Minute},
			{t.living("hung"), faults.Fault{Stall: func(*http.Request) bool { return true }}, kubeconfigs.ReasonTimedOut, 90 * time.Second},
		}
		for _, e := range expected {
			e.served()
			Eventually(e.health).Should(HaveField("State", kubeconfigs.Connected))
		}
		for _, e := range expected {
			e.front.Misbehave(e.fault)
		}
		t.work()
		for _, e := range expected {
			Eventually(e.health).WithTimeout(e.within).Should(HaveField("Reason", e.reason), e.name)
			Eventually(e.told).Should(ContainElement(e.reason), e.name)
		}
		t.work()
		for _, e := range expected {
			e.recovers()
		}
		t.work()
	})

	// Its lists are answered all the while.
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
