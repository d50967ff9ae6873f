package main

import (
	"context"
	"encoding/json"
	"net"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/go-logr/logr"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/hub"
	"github.com/argoproj-labs/commit-status-hub/hub/web"
	"github.com/argoproj-labs/commit-status-hub/test/clusters"
	"github.com/argoproj-labs/commit-status-hub/test/scm/github"
)

// runHub runs a hub whose pod, by its name, is this machine, until the test ends.
func runHub(t *testing.T, cluster *clusters.Cluster) {
	t.Helper()
	g := NewWithT(t)
	name, err := os.Hostname()
	g.Expect(err).NotTo(HaveOccurred())
	if len(validation.IsDNS1123Subdomain(name)) > 0 {
		t.Skipf("this machine is called %s, as no pod can be", name)
	}
	account, err := cluster.HubAccount(t.Context(), namespace)
	g.Expect(err).NotTo(HaveOccurred())
	free, err := net.Listen("tcp", "127.0.0.1:0")
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(free.Close()).To(Succeed())
	address, port := free.Addr().String(), free.Addr().(*net.TCPAddr).Port

	kubelet, err := cluster.StartKubelet(t.Context(), "node")
	g.Expect(err).NotTo(HaveOccurred())
	t.Cleanup(kubelet.Close)
	g.Expect(kubelet.Run(t.Context(), &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "hub", Image: "hub", Args: []string{"run", "--web-bind-address", address}}}},
	}, map[int32]string{int32(port): "127.0.0.1:" + strconv.Itoa(port)})).To(Succeed())

	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- hub.Run(ctx, account, hub.Options{
			Namespace: namespace, LocalCluster: true, Workers: 4, UnheardGrace: time.Minute, Embedded: true, Log: logr.Discard(),
			LeaderElect: true, LeaseDuration: 7 * time.Second, RenewDeadline: 5 * time.Second, RetryPeriod: time.Second,
			MetricsBindAddress: "0", HealthProbeBindAddress: "0", PprofBindAddress: "0", WebBindAddress: address,
		})
	}()
	t.Cleanup(func() {
		stop()
		g.Eventually(ended).WithTimeout(time.Minute).Should(Receive(BeNil()))
	})
}

func TestWhy_OfAHubAtWork(t *testing.T) {
	cluster := start(t)
	g := NewWithT(t)
	g.Expect(cluster.InstallCRDs()).To(Succeed())
	scm := github.New()
	t.Cleanup(scm.Close)
	key := scm.AddApp(1)
	scm.Install(1, 2, "acme")
	scm.AddRepo("acme/shop", sha)
	in := func(namespace, name string) metav1.ObjectMeta {
		return metav1.ObjectMeta{Namespace: namespace, Name: name}
	}
	status := func(name, repo string) *v1alpha1.CommitStatus {
		return &v1alpha1.CommitStatus{ObjectMeta: in("team-a", name), Spec: v1alpha1.CommitStatusSpec{
			GitRepoRef: v1alpha1.ObjectReference{Name: repo}, SHA: sha, Name: name, Phase: v1alpha1.PhaseSuccess, Description: "12 apps",
		}}
	}
	for _, object := range []client.Object{
		&corev1.Namespace{ObjectMeta: in("", namespace)}, &corev1.Namespace{ObjectMeta: in("", "team-a")},
		&corev1.Secret{ObjectMeta: in(namespace, "acme-app"), Data: map[string][]byte{"privateKey": key}},
		&v1alpha1.ScmProvider{ObjectMeta: in(namespace, "acme"), Spec: v1alpha1.ScmProviderSpec{
			GitHub:    &v1alpha1.GitHubSpec{APIURL: v1alpha1.APIURL(scm.URL()), AppID: 1, InstallationID: 2},
			SecretRef: v1alpha1.ObjectReference{Name: "acme-app"},
			Grants:    []v1alpha1.Grant{{Clusters: []v1alpha1.Pattern{"*"}, Repositories: []v1alpha1.Pattern{"acme/*"}, Names: []v1alpha1.Pattern{"hydrated"}}},
		}},
		&v1alpha1.GitRepo{ObjectMeta: in("team-a", "shop"), Spec: v1alpha1.GitRepoSpec{ScmProviderRef: v1alpha1.ObjectReference{Name: "acme"}, Repository: "acme/shop"}},
		status("hydrated", "shop"), status("forbidden", "shop"), status("lost", "nowhere"),
	} {
		g.Expect(cluster.Client.Create(t.Context(), object)).To(Succeed())
	}
	runHub(t, cluster)
	g.Eventually(func() string {
		object := &v1alpha1.CommitStatus{}
		g.Expect(cluster.Client.Get(t.Context(), client.ObjectKey{Namespace: "team-a", Name: "hydrated"}, object)).To(Succeed())
		return string(object.Status.Phase)
	}).WithTimeout(time.Minute).Should(Equal("success"))

	file := kubeconfigOf(t, cluster)
	asked := func(args ...string) (code int, out string) {
		code, out, errors := outcome(t.Context(), append([]string{"why", "--kubeconfig", file}, args...)...)
		return code, out + errors
	}
	for name, c := range map[string]struct {
		asked string
		code  int
		want  []string
	}{
		"a CommitStatus": {"local/team-a/hydrated", 0, []string{
			"CommitStatus local/team-a/hydrated\n  ready       ✓ Synced", "shown       ✓ success  12 apps\n", "owner       local/team-a/hydrated  the only claim\n",
			"POST 201  create_check_run  hydrated", "✗ Denied  local/team-a/forbidden", "no grant",
		}},
		"a commit":        {"acme/shop@" + sha[:7], 0, []string{"/acme/shop  " + sha + "\n", "✗ GitRepoNotFound  local/team-a/lost"}},
		"no commit":       {"local/team-a/lost", 0, []string{"✗ GitRepoNotFound", `nowhere`, "of a repository that its references do not say"}},
		"nothing known":   {"acme/shop@" + "0000000", 1, []string{"nothing is known of commit acme/shop@0000000"}},
		"no such cluster": {"prod/team-a/hydrated", 1, []string{"nothing is known of CommitStatus prod/team-a/hydrated"}},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			code, out := asked(c.asked)
			g.Expect(code).To(Equal(c.code), out)
			for _, want := range c.want {
				g.Expect(out).To(ContainSubstring(want))
			}
		})
	}
	code, out := asked(sha, "-o", "json")
	g.Expect(code).To(Equal(0), out)
	var page web.CommitPage
	g.Expect(json.Unmarshal([]byte(out), &page)).To(Succeed())
	g.Expect(page.Leader).To(BeTrue())
	g.Expect(page.Names).To(HaveLen(2))
}
