package e2e

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
)

// rotateSealKey has a user put a key of its own before the one that the hub made. Both are
// secrets.
func (w *world) rotateSealKey(s *secrets) {
	GinkgoHelper()
	secret := &corev1.Secret{}
	Expect(hubCluster.Client.Get(w.ctx, types.NamespacedName{Namespace: w.namespace, Name: "commit-status-hub-seal"}, secret)).To(Succeed())
	made := secret.Data["key"]
	Expect(made).To(HaveLen(32))
	key := make([]byte, 32)
	_, err := rand.Read(key)
	Expect(err).NotTo(HaveOccurred())
	s.mu.Lock()
	s.addWhole("the key of seals", string(key))
	s.addWhole("the previous key of seals", string(made))
	s.mu.Unlock()
	secret.Data = map[string][]byte{"key": key, "previousKey": made}
	Expect(hubCluster.Client.Update(w.ctx, secret)).To(Succeed())
}

var _ = Describe("A status that the hub sealed", func() {
	const all = 200
	name := func(i int) string { return fmt.Sprintf("s%d", i) }
	each := func(do func(i int)) {
		var group sync.WaitGroup
		for part := range 8 {
			group.Go(func() {
				defer GinkgoRecover()
				for i := part; i < all; i += 8 {
					do(i)
				}
			})
		}
		group.Wait()
	}
	// reads are the requests for check runs that make none.
	reads := func(w *world) (n int) {
		for _, call := range w.scm.Calls() {
			if call.Method == http.MethodGet && strings.Contains(call.Path, "/check-runs") {
				n++
			}
		}
		return n
	}

	It("is believed after a restart, so that 200 changes are 200 calls", func() {
		w := newWorld()
		w.ready(unpaced)
		w.member("eu", euCluster.Kubeconfig())
		w.start()
		each(func(i int) { w.ask(euCluster, name(i), v1alpha1.PhaseInProgress) })
		each(func(i int) { w.synced(euCluster, name(i), v1alpha1.PhaseInProgress) })
		w.stop()
		secret := &corev1.Secret{}
		Expect(hubCluster.Client.Get(w.ctx, types.NamespacedName{Namespace: w.namespace, Name: "commit-status-hub-seal"}, secret)).To(Succeed())
		Expect(secret.Data["key"]).To(HaveLen(32))
		Expect(w.get(euCluster, name(0)).Status.Provider.Seal).NotTo(BeEmpty())

		w.start()
		w.ask(euCluster, "another", v1alpha1.PhaseSuccess)
		w.synced(euCluster, "another", v1alpha1.PhaseSuccess) // it leads, and has read the member
		before, writes := reads(w), len(w.scm.Writes())
		each(func(i int) {
			w.change(euCluster, name(i), func(cs *v1alpha1.CommitStatus) { cs.Spec.Phase = v1alpha1.PhaseSuccess })
		})
		each(func(i int) { w.synced(euCluster, name(i), v1alpha1.PhaseSuccess) })
		Expect(len(w.scm.Writes()) - writes).To(Equal(all))
		Expect(reads(w) - before).To(BeZero())
	})

	It("is looked up by one list of its commit after a kill in the middle of a backlog", early, func() {
		w := newWorld()
		w.ready(unpaced)
		w.member("eu", euCluster.Kubeconfig())
		old := w.startReplica()
		each(func(i int) { w.ask(euCluster, name(i), v1alpha1.PhaseInProgress) })
		Eventually(func() int { return len(w.scm.Writes()) }).Should(BeNumerically(">=", all/4))
		old.signal(syscall.SIGKILL)
		before := reads(w)
		w.startReplica()
		each(func(i int) {
			Eventually(w.reason(euCluster, name(i))).WithTimeout(90 * time.Second).Should(Equal(v1alpha1.ReasonSynced))
		})
		pages := (all + 99) / 100
		Expect(reads(w)-before).To(BeNumerically("<=", 2*pages+1), "a list before, and one after what the old leader sent can arrive")
		for i := range all {
			Expect(w.runsNamed(name(i))).To(Equal(1), name(i))
		}
	})
})
