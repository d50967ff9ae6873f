package e2e

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
)

// notes are the reasons of the events on a member's Secret.
func (w *world) notes(member string) []string {
	var list eventsv1.EventList
	Expect(hubCluster.Client.List(w.ctx, &list, client.InNamespace(w.namespace))).To(Succeed())
	var reasons []string
	for _, event := range list.Items {
		if event.Regarding.Kind == "Secret" && event.Regarding.Name == member {
			reasons = append(reasons, event.Reason)
		}
	}
	return reasons
}

var _ = Describe("One cluster by three Secrets with credentials of their own", func() {
	It("has each object served once, whichever Secret goes", func() {
		w := newWorld()
		w.ready()
		names := []string{"first", "second", "third"}
		secrets := map[string]*corev1.Secret{}
		for _, name := range names {
			w.member(name, euCluster.KubeconfigFor(&rest.Config{BearerToken: tokenOf(w, euCluster, name, inMembers...)}))
			secrets[name] = &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: name}}
		}
		w.start()
		w.ask(euCluster, "build", v1alpha1.PhaseInProgress)
		w.synced(euCluster, "build", v1alpha1.PhaseInProgress)
		for _, name := range names {
			Eventually(func() []string { return w.notes(name) }).Should(ContainElement("SharedObjects"))
			Expect(w.notes(name)).NotTo(ContainElement("SameCluster"))
		}
		Expect(w.effects()).To(Equal([]string{"POST in_progress"}))

		for i, name := range names[:2] {
			By("deleting " + name)
			Expect(hubCluster.Client.Delete(w.ctx, secrets[name])).To(Succeed())
			Consistently(w.effects).WithTimeout(2 * time.Second).Should(HaveLen(1 + i))
			phase := []v1alpha1.Phase{v1alpha1.PhaseQueued, v1alpha1.PhaseSuccess}[i]
			w.change(euCluster, "build", func(cs *v1alpha1.CommitStatus) { cs.Spec.Phase = phase })
			w.synced(euCluster, "build", phase)
			Expect(w.effects()).To(HaveLen(2 + i))
		}
	})
})
