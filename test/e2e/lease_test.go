package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gbytes"
	eventsv1 "k8s.io/api/events/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
)

// replica is one of several hubs that compete for the lease, each a process.
type replica struct {
	command *exec.Cmd
	log     *gbytes.Buffer
	ended   chan struct{}
}

// startReplica starts one, and waits until it knows its own cluster.
func (w *world) startReplica() *replica {
	GinkgoHelper()
	return w.startReplicaAt(w.kubeconfig())
}

// startReplicaAt is startReplica for one that reaches its cluster in its own way.
func (w *world) startReplicaAt(access []byte) *replica {
	GinkgoHelper()
	program, err := buildHub()
	Expect(err).NotTo(HaveOccurred())
	kubeconfig := filepath.Join(GinkgoT().TempDir(), "kubeconfig")
	Expect(os.WriteFile(kubeconfig, access, 0o600)).To(Succeed())
	r := &replica{log: gbytes.NewBuffer(), ended: make(chan struct{})}
	r.command = exec.Command(program, "run", "--kubeconfig", kubeconfig, "--namespace", w.namespace,
		"--metrics-bind-address=0", "--health-probe-bind-address=0")
	r.command.Stderr = r.log
	Expect(r.command.Start()).To(Succeed())
	go func() {
		defer close(r.ended)
		_ = r.command.Wait()
	}()
	DeferCleanup(func() {
		r.signal(syscall.SIGKILL)
		<-r.ended
		_, _ = GinkgoWriter.Write(r.log.Contents())
	})
	Eventually(r.log).Should(gbytes.Say("member synced"))
	return r
}

// signal does nothing to a replica that has ended.
func (r *replica) signal(s os.Signal) { _ = r.command.Process.Signal(s) }

// writtenAfter waits for GitHub to be asked for more than n writes, and returns when
// it was asked for the first of them.
func (w *world) writtenAfter(n int) time.Time {
	GinkgoHelper()
	Eventually(func() int { return len(w.scm.Writes()) }).WithTimeout(30 * time.Second).Should(BeNumerically(">", n))
	return w.scm.Writes()[n].At
}

// versions are the resource versions of the hub's own CommitStatuses, by name.
func (w *world) versions() map[string]string {
	GinkgoHelper()
	var list v1alpha1.CommitStatusList
	Expect(hubCluster.Client.List(w.ctx, &list, client.InNamespace(w.tenant))).To(Succeed())
	out := map[string]string{}
	for _, cs := range list.Items {
		out[cs.Name] = cs.ResourceVersion
	}
	return out
}

// elections are the events on the Lease.
func (w *world) elections() (notes []string) {
	GinkgoHelper()
	var list eventsv1.EventList
	Expect(hubCluster.Client.List(w.ctx, &list, client.InNamespace(w.namespace))).To(Succeed())
	for _, e := range list.Items {
		if e.Regarding.Kind == "Lease" {
			notes = append(notes, e.Note)
		}
	}
	return notes
}

var _ = Describe("A hub that loses its lease", Serial, func() {
	It("sends and says nothing when it wakes up after another has taken over", func() {
		w := newWorld()
		w.ready()
		old := w.startReplica()
		w.ask(hubCluster, "before", v1alpha1.PhaseSuccess)
		w.synced(hubCluster, "before", v1alpha1.PhaseSuccess)
		next := w.startReplica()

		names := []string{"build", "test", "deploy"}
		for _, name := range names {
			w.ask(hubCluster, name, v1alpha1.PhaseInProgress)
			w.synced(hubCluster, name, v1alpha1.PhaseInProgress)
		}

		By("stopping the leader, and asking for more")
		old.signal(syscall.SIGSTOP)
		stopped := time.Now()
		for _, name := range names {
			w.change(hubCluster, name, func(cs *v1alpha1.CommitStatus) { cs.Spec.Phase = v1alpha1.PhaseSuccess })
		}
		takeOver := w.writtenAfter(4).Sub(stopped)
		AddReportEntry("take-over from a leader that was stopped", takeOver)
		Expect(takeOver).To(BeNumerically("<=", 10*time.Second))
		for _, name := range names {
			w.synced(hubCluster, name, v1alpha1.PhaseSuccess)
		}
		calls, versions := len(w.scm.Calls()), w.versions()

		By("waking it up while it believes that it leads, with all of that to do")
		old.signal(syscall.SIGCONT)
		third := w.startReplica()
		Eventually(old.ended).Should(BeClosed())
		Expect(w.scm.Calls()).To(HaveLen(calls))
		Expect(w.versions()).To(Equal(versions))
		Expect(w.posts()).To(Equal(4), "one for each status")

		By("asking the new leader to end")
		next.signal(syscall.SIGTERM)
		ending := time.Now()
		Eventually(next.log).Should(gbytes.Say("Stopping and waiting"))
		w.ask(hubCluster, "after", v1alpha1.PhaseSuccess)
		handOver := w.writtenAfter(7).Sub(ending)
		AddReportEntry("take-over from a leader that ended", handOver)
		Eventually(next.ended).Should(BeClosed())
		w.synced(hubCluster, "after", v1alpha1.PhaseSuccess)
		Expect(w.posts()).To(Equal(5))
		Expect(third.ended).NotTo(BeClosed())
		Eventually(w.elections).Should(ContainElement(HaveSuffix("became leader")))
	})
})
