package e2e

import (
	"net/http"
	"slices"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	eventsv1 "k8s.io/api/events/v1"
	apimeta "k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/test/scm/github"
)

// acme is the ScmProvider as it is now.
func (w *world) acme() *v1alpha1.ScmProvider {
	GinkgoHelper()
	p := &v1alpha1.ScmProvider{}
	Expect(hubCluster.Client.Get(w.ctx, types.NamespacedName{Namespace: w.namespace, Name: "acme"}, p)).To(Succeed())
	return p
}

// usable reports whether the ScmProvider acme has Ready=True.
func (w *world) usable() bool {
	return apimeta.IsStatusConditionTrue(w.acme().Status.Conditions, v1alpha1.ConditionReady)
}

// told are the reasons of the events on the ScmProvider acme.
func (w *world) told() []string {
	GinkgoHelper()
	var list eventsv1.EventList
	Expect(hubCluster.Client.List(w.ctx, &list, client.InNamespace(w.namespace))).To(Succeed())
	var out []string
	for _, e := range list.Items {
		if e.Regarding.Kind == "ScmProvider" && e.Regarding.Name == "acme" {
			out = append(out, e.Reason)
		}
	}
	slices.Sort(out)
	return out
}

var _ = Describe("Budgets", func() {
	It("are in the ScmProvider's status as soon as the hub has stopped", func() {
		w := newWorld()
		w.ready()
		w.start()
		w.ask(hubCluster, "build", v1alpha1.PhaseSuccess)
		w.synced(hubCluster, "build", v1alpha1.PhaseSuccess)
		Eventually(w.usable).Should(BeTrue()) // it is written beside the budgets, which may not undo it
		w.stop()
		p := w.acme()
		Expect(p.Status.Installations).To(HaveLen(1))
		got := p.Status.Installations[0]
		Expect(got.ID).To(HaveSuffix("/app/12345/installation/678"))
		Expect(got.Used).NotTo(BeNil())
		Expect(got.InFlight).To(BeZero())
		Expect(w.usable()).To(BeTrue())
	})

	It("are on record before an installation is used, so that no kill comes too early", func() {
		w := newWorld()
		w.ready()
		known := make(chan []v1alpha1.Installation, 1)
		w.scm.Inject(github.Fault{Match: func(r *http.Request) bool {
			if !strings.Contains(r.URL.Path, "/repos/") {
				return false // a token, which costs nothing
			}
			known <- w.acme().Status.Installations
			return true
		}, Delay: time.Millisecond})
		w.start()
		w.ask(hubCluster, "build", v1alpha1.PhaseSuccess)
		w.synced(hubCluster, "build", v1alpha1.PhaseSuccess)
		Expect(<-known).To(ConsistOf(HaveField("ID", HaveSuffix("/app/12345/installation/678"))))
	})

	It("keep a pause over a restart, and say when it begins and ends", func() {
		w := newWorld()
		w.ready()
		w.scm.Inject(retryAfter("8"))
		w.start()
		w.ask(hubCluster, "build", v1alpha1.PhaseSuccess)
		Eventually(func() []v1alpha1.Installation { return w.acme().Status.Installations }).
			WithTimeout(5 * time.Second).Should(ContainElement(HaveField("PausedUntil", Not(BeNil()))))
		refused := w.scm.Calls()[w.refused()]
		Eventually(w.told).Should(Equal([]string{"Paused"}))
		w.stop()
		w.start()
		w.synced(hubCluster, "build", v1alpha1.PhaseSuccess)

		calls := slices.DeleteFunc(w.scm.Calls(), func(c github.Call) bool { return !c.At.After(refused.At) })
		Expect(calls).NotTo(BeEmpty())
		Expect(calls[0].At.Sub(refused.At)).To(BeNumerically(">=", 8*time.Second))
		Eventually(w.told).Should(Equal([]string{"Paused", "Resumed"}))
		Eventually(func() bool {
			return slices.ContainsFunc(w.acme().Status.Installations, func(i v1alpha1.Installation) bool { return i.PausedUntil != nil })
		}).Should(BeFalse())
	})
})
