package e2e

import (
	"crypto/tls"
	"net"
	"net/http"
	"net/http/httptest"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/test/clusters"
)

var _ = Describe("Members", func() {
	It("does not let a hung, a forbidden and a CRD-less member delay a good one", Serial, func() {
		plain := timeToFirstStatus()
		bare, err := clusters.Start(GinkgoT().Context(), clusters.WithoutCRDs())
		Expect(err).NotTo(HaveOccurred())
		defer func() { Expect(bare.Stop()).To(Succeed()) }()
		nobody, err := usCluster.AddUser("nobody")
		Expect(err).NotTo(HaveOccurred())
		hung := hungMember()
		withBad := timeToFirstStatus(
			hung, usCluster.KubeconfigFor(nobody), bare.Kubeconfig(),
		)
		Expect(withBad - plain).To(BeNumerically("<", time.Second))
	})

	It("tells in metrics which of them are connected, and when each was last heard of", func() {
		w := newWorld()
		w.ready()
		w.members()
		w.member("hung", hungMember())
		begun := float64(time.Now().Unix())
		w.start()
		w.ask(euCluster, "build", v1alpha1.PhaseSuccess)
		w.synced(euCluster, "build", v1alpha1.PhaseSuccess)
		Eventually(byCluster("cluster_connected")).Should(Equal(map[string]float64{"local": 1, "eu": 1, "us": 1, "hung": 0}))
		Eventually(byCluster("cluster_last_event_seconds")).Should(And(
			HaveKeyWithValue("eu", BeNumerically(">=", begun)), Not(HaveKey("hung"))))
	})

	It("lets one installation's hang hold up no other", func() {
		w, other := newWorld(), newWorld()
		w.scm.Inject(hang())
		w.ready()
		w.members()
		// The second world's GitHub is a second installation of the same hub.
		other.namespace = w.namespace
		other.tenant = w.tenant
		w.create(hubCluster, other.secondSecret())
		w.create(hubCluster, other.secondProvider())
		w.create(usCluster, repoOf(w.tenant, "elsewhere", "other", "acme/shop"))
		w.start()
		for _, name := range []string{"a", "b", "c", "d"} {
			w.ask(euCluster, name, v1alpha1.PhaseSuccess)
		}
		Eventually(func() int { return len(w.scm.Calls()) }).Should(BeNumerically(">", 0))
		w.ask(usCluster, "free", v1alpha1.PhaseSuccess, func(cs *v1alpha1.CommitStatus) { cs.Spec.GitRepoRef.Name = "elsewhere" })
		w.synced(usCluster, "free", v1alpha1.PhaseSuccess)
		Expect(w.reason(euCluster, "a")()).NotTo(Equal(v1alpha1.ReasonSynced))
	})
})

// byCluster reads a metric that each cluster has one of.
func byCluster(name string) func() map[string]float64 {
	return func() map[string]float64 {
		GinkgoHelper()
		families, err := metrics.Registry.Gather()
		Expect(err).NotTo(HaveOccurred())
		told := map[string]float64{}
		for _, f := range families {
			if f.GetName() != "commit_status_hub_"+name {
				continue
			}
			for _, m := range f.GetMetric() {
				told[m.GetLabel()[0].GetValue()] = m.GetGauge().GetValue()
			}
		}
		return told
	}
}

// timeToFirstStatus engages bad members, then a good one, and returns how long
// after the hub's start the good one's status is synced.
func timeToFirstStatus(bad ...[]byte) time.Duration {
	GinkgoHelper()
	w := newWorld()
	w.ready()
	for i, kubeconfig := range bad {
		w.member("bad-"+string(rune('a'+i)), kubeconfig)
	}
	w.member("eu", euCluster.Kubeconfig())
	w.ask(euCluster, "build", v1alpha1.PhaseSuccess)
	start := time.Now()
	w.start()
	w.synced(euCluster, "build", v1alpha1.PhaseSuccess)
	took := time.Since(start)
	w.stop()
	return took
}

// hungMember is a kubeconfig for a server that accepts connections, speaks TLS
// and never answers a request.
func hungMember() []byte {
	release := make(chan struct{})
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-release:
		case <-r.Context().Done():
		}
	}))
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	Expect(err).NotTo(HaveOccurred())
	server.Listener = listener
	server.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	server.StartTLS()
	DeferCleanup(func() {
		close(release)
		server.Close()
	})
	return kubeconfigOf(server, "x")
}
