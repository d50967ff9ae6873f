package e2e

import (
	"net"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	eventsv1 "k8s.io/api/events/v1"
	apimeta "k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/hub"
)

// providerReady returns the Ready condition of the ScmProvider acme, an empty one for none.
func (w *world) providerReady() metav1.Condition {
	GinkgoHelper()
	p := &v1alpha1.ScmProvider{}
	Expect(hubCluster.Client.Get(w.ctx, types.NamespacedName{Namespace: w.namespace, Name: "acme"}, p)).To(Succeed())
	if ready := apimeta.FindStatusCondition(p.Status.Conditions, v1alpha1.ConditionReady); ready != nil {
		return *ready
	}
	return metav1.Condition{}
}

// setProvider edits the ScmProvider acme.
func (w *world) setProvider(edit func(*v1alpha1.ScmProviderSpec)) {
	GinkgoHelper()
	Eventually(func() error {
		p := &v1alpha1.ScmProvider{}
		if err := hubCluster.Client.Get(w.ctx, types.NamespacedName{Namespace: w.namespace, Name: "acme"}, p); err != nil {
			return err
		}
		edit(&p.Spec)
		return hubCluster.Client.Update(w.ctx, p)
	}).Should(Succeed())
}

// providerEvents counts the events about the ScmProvider acme, by type and reason.
func (w *world) providerEvents() map[string]int {
	GinkgoHelper()
	list := &eventsv1.EventList{}
	Expect(hubCluster.Client.List(w.ctx, list, client.InNamespace(w.namespace))).To(Succeed())
	out := map[string]int{}
	for i := range list.Items {
		e := &list.Items[i]
		if e.Regarding.Kind != "ScmProvider" || e.Regarding.Name != "acme" {
			continue
		}
		kind := e.Type + " " + e.Reason
		if out[kind]++; e.Series != nil {
			out[kind] += int(e.Series.Count) - 1
		}
	}
	return out
}

// listenAt serves the world's GitHub at an address.
func (w *world) listenAt(address string) {
	GinkgoHelper()
	target, err := url.Parse(w.scm.URL())
	Expect(err).NotTo(HaveOccurred())
	listener, err := net.Listen("tcp", address)
	Expect(err).NotTo(HaveOccurred())
	server := httptest.NewUnstartedServer(httputil.NewSingleHostReverseProxy(target))
	Expect(server.Listener.Close()).To(Succeed())
	server.Listener = listener
	server.Start()
	DeferCleanup(server.Close)
}

var _ = Describe("The Ready condition of a ScmProvider", func() {
	var w *world
	var clk *fastClock
	var address string

	start := func() {
		w.members()
		w.start(func(o *hub.Options) { o.Clock = clk })
		Eventually(w.providerReason).Should(Equal(v1alpha1.ReasonReady))
	}
	BeforeEach(func() {
		w, clk, address = newWorld(), newFastClock(), freeAddress()
	})

	DescribeTable("tells what is wrong in one event, and that it is mended",
		func(cause, cure func(), reason, message string) {
			w.ready(unpaced)
			cause()
			start()
			w.ask(euCluster, "build", v1alpha1.PhaseSuccess)
			w.ask(usCluster, "other", v1alpha1.PhaseSuccess)
			Eventually(func() string {
				clk.skip(time.Second) // what is wrong is told once it has lasted
				return w.providerReason()
			}).Should(Equal(reason))
			ready := w.providerReady()
			Expect(ready.Status).To(Equal(metav1.ConditionFalse))
			Expect(ready.Message).To(ContainSubstring(message))
			Eventually(w.reason(euCluster, "build")).Should(Equal(reason))
			Eventually(w.reason(usCluster, "other")).Should(Equal(reason))
			clk.skip(20 * time.Minute) // re-checks
			Eventually(w.providerEvents).Should(HaveKeyWithValue("Warning "+reason, 1))
			Consistently(w.providerEvents).WithTimeout(time.Second).Should(Equal(map[string]int{"Warning " + reason: 1}))

			cure()
			Eventually(func() string {
				clk.skip(10 * time.Second)
				return w.reason(euCluster, "build")()
			}).Should(Equal(v1alpha1.ReasonSynced))
			Eventually(w.providerReason).Should(Equal(v1alpha1.ReasonReady))
			Expect(w.providerReady().Status).To(Equal(metav1.ConditionTrue))
			w.synced(usCluster, "other", v1alpha1.PhaseSuccess)
			Eventually(w.providerEvents).Should(Equal(map[string]int{"Warning " + reason: 1, "Normal " + v1alpha1.ReasonReady: 1}))
		},
		Entry("a wrong key",
			func() { w.setSecret(w.scm.AddApp(999)) },
			func() { w.setSecret(w.pem) },
			v1alpha1.ReasonCredentialsInvalid, "GitHub"),
		Entry("a wrong App ID",
			func() { w.setProvider(func(s *v1alpha1.ScmProviderSpec) { s.GitHub.AppID = 999 }) },
			func() { w.setProvider(func(s *v1alpha1.ScmProviderSpec) { s.GitHub.AppID = appID }) },
			v1alpha1.ReasonCredentialsInvalid, "999"),
		Entry("a suspended installation",
			func() { w.scm.Suspend(installationID, true) },
			func() { w.scm.Suspend(installationID, false) },
			v1alpha1.ReasonCredentialsInvalid, "installation 678 of GitHub App 12345 is suspended"),
		Entry("an API that cannot be reached",
			func() {
				w.setProvider(func(s *v1alpha1.ScmProviderSpec) { s.GitHub.APIURL = v1alpha1.APIURL("http://" + address) })
			},
			func() { w.listenAt(address) },
			v1alpha1.ReasonUnavailable, "connect"),
	)

	It("says Suspended while spec.suspend is set, and what is shown stays", func() {
		w.ready(unpaced)
		start()
		suspend := func(on bool) { w.setProvider(func(s *v1alpha1.ScmProviderSpec) { s.Suspend = on }) }
		for _, name := range []string{"same", "changed", "deleted"} {
			w.ask(euCluster, name, v1alpha1.PhaseInProgress)
		}
		before := map[string]v1alpha1.CommitStatusStatus{}
		for _, name := range []string{"same", "changed", "deleted"} {
			before[name] = w.synced(euCluster, name, v1alpha1.PhaseInProgress).Status
		}
		suspend(true)
		for _, name := range []string{"same", "changed", "deleted"} {
			Eventually(w.reason(euCluster, name)).Should(Equal(v1alpha1.ReasonSuspended))
		}
		Eventually(w.providerReady).Should(And(HaveField("Status", metav1.ConditionUnknown), HaveField("Reason", v1alpha1.ReasonSuspended)))
		sent := len(w.scm.Calls())

		w.change(euCluster, "changed", func(cs *v1alpha1.CommitStatus) { cs.Spec.Phase = v1alpha1.PhaseSuccess })
		w.ask(euCluster, "new", v1alpha1.PhaseSuccess)
		Expect(euCluster.Client.Delete(w.ctx, w.get(euCluster, "deleted"))).To(Succeed())
		for _, name := range []string{"same", "changed", "new"} {
			Eventually(w.reason(euCluster, name)).Should(Equal(v1alpha1.ReasonSuspended))
			now := w.get(euCluster, name).Status
			ready := now.Conditions[0]
			Expect(ready.Status).To(Equal(metav1.ConditionUnknown))
			Expect(ready.Message).To(HavePrefix("ScmProvider acme is suspended"))
			Expect(now.IsSynced).To(BeFalse())
			Expect(now.SyncFailure).To(BeNil())
			Expect(now.Phase).To(Equal(before[name].Phase), "what is shown stays")
			Expect(now.URL).To(Equal(before[name].URL))
		}
		clk.skip(time.Hour)
		Consistently(func() int { return len(w.scm.Calls()) }).Should(Equal(sent), "nothing is sent")

		suspend(false)
		w.synced(euCluster, "same", v1alpha1.PhaseInProgress)
		w.synced(euCluster, "changed", v1alpha1.PhaseSuccess)
		w.synced(euCluster, "new", v1alpha1.PhaseSuccess)
		clk.skip(time.Hour)
		deleted := func() string {
			for _, run := range w.scm.CheckRuns("acme/shop", testSHA) {
				if run.Name == "deleted" {
					return run.Status
				}
			}
			return ""
		}
		Consistently(deleted).WithTimeout(time.Second).Should(Equal("in_progress"), "a deletion meanwhile cancels nothing")
		Eventually(w.providerReason).Should(Equal(v1alpha1.ReasonReady))
		Expect(w.runsNamed("changed")).To(Equal(1))
	})
})
