package e2e

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	coordinationv1 "k8s.io/api/coordination/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/test/buildlock"
)

// programs is the folder for what buildHub builds. All processes of the suite have the same
// one, which is removed at its end.
var programs string

// buildHub builds the program that users run, once for all specs.
var buildHub = sync.OnceValues(func() (string, error) {
	program := filepath.Join(programs, "commit-status-hub")
	release, err := buildlock.Acquire(context.Background(), program+".lock")
	if err != nil {
		return "", err
	}
	defer release()
	if _, err := os.Stat(program); err == nil {
		return program, nil // another process has built it
	}
	command := exec.Command("go", "build", "-o", program, "../../cmd/commit-status-hub")
	if output, err := command.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building the hub: %w\n%s", err, output)
	}
	return program, nil
})

// startProcess runs the hub as a process of its own, which kill ends as a lost
// node would: without a warning.
func (w *world) startProcess() (kill func()) {
	program, err := buildHub()
	Expect(err).NotTo(HaveOccurred())
	kubeconfig := filepath.Join(GinkgoT().TempDir(), "kubeconfig")
	Expect(os.WriteFile(kubeconfig, w.kubeconfig(), 0o600)).To(Succeed())
	command := exec.Command(program, "run", "--kubeconfig", kubeconfig, "--namespace", w.namespace,
		"--metrics-bind-address=0", "--health-probe-bind-address=0")
	command.Stdout, command.Stderr = GinkgoWriter, GinkgoWriter
	Expect(command.Start()).To(Succeed())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = command.Wait()
	}()
	kill = func() {
		_ = command.Process.Kill()
		<-ended
	}
	DeferCleanup(kill)
	return kill
}

// holder is who has the lease, "" before there is one.
func (w *world) holder() string {
	GinkgoHelper()
	lease := &coordinationv1.Lease{}
	key := types.NamespacedName{Namespace: w.namespace, Name: "commit-status-hub"}
	Expect(client.IgnoreNotFound(hubCluster.Client.Get(w.ctx, key, lease))).To(Succeed())
	return ptr.Deref(lease.Spec.HolderIdentity, "")
}

var _ = Describe("A hub that is killed", func() {
	It("makes no second check run when it dies between the write and the status patch", func() {
		w := newWorld()
		w.ready()
		w.members()
		kill := w.startProcess()
		w.ask(euCluster, "before", v1alpha1.PhaseSuccess)
		w.synced(euCluster, "before", v1alpha1.PhaseSuccess)

		killed := make(chan struct{})
		fault := dropAfterCreate()
		fault.Match = func(r *http.Request) bool {
			if !isCreate(r) {
				return false
			}
			kill()
			close(killed)
			return true
		}
		w.scm.Inject(fault)
		w.ask(euCluster, "build", v1alpha1.PhaseSuccess)
		Eventually(killed).Should(BeClosed())
		Eventually(func() int { return w.runsNamed("build") }).Should(Equal(1), "GitHub has made the run")
		Expect(w.get(euCluster, "build").Status.Conditions).To(BeEmpty(), "nobody was told")

		By("starting another one, which looks before it writes")
		w.start()
		cs := w.synced(euCluster, "build", v1alpha1.PhaseSuccess)
		Expect(w.runsNamed("build")).To(Equal(1))
		Expect(w.runsNamed("before")).To(Equal(1))
		Expect(w.posts()).To(Equal(2))
		Expect(cs.Status.Provider.GitHub.CheckRunID).To(Equal(w.scm.CheckRuns("acme/shop", testSHA)[1].ID))
	})
})
