package e2e

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	apimeta "k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/hub"
	"github.com/argoproj-labs/commit-status-hub/test/clusters"
	"github.com/argoproj-labs/commit-status-hub/test/scm/github"
)

const (
	appID          = 12345
	installationID = 678
	memberLabel    = "sigs.k8s.io/multicluster-runtime-kubeconfig"
	testSHA        = "1f0c7d4b1e5a6b7c8d9e0f1a2b3c4d5e6f708192"
	otherSHA       = "2a0c7d4b1e5a6b7c8d9e0f1a2b3c4d5e6f708192"
)

var worlds atomic.Int64

// world is one spec's hub namespace, fake GitHub and tenant namespace.
type world struct {
	ctx       context.Context
	namespace string       // on the hub
	tenant    string       // in every cluster
	account   *rest.Config // what the hub may do in its own cluster
	scm       *github.Server
	pem       []byte
	stop      func()
	// unwatched says that the spec changes on GitHub what no hub looks at, and removed
	// is a cluster that is a member no more.
	unwatched bool
	removed   *clusters.Cluster
}

// newWorld makes a fake GitHub with one repository, an App installed there, the
// namespaces, and an ScmProvider that lets everybody write acme/*.
func newWorld(options ...github.Option) *world {
	n := worlds.Add(1)
	w := &world{
		ctx:       context.Background(),
		namespace: fmt.Sprintf("hub-%d", n),
		tenant:    fmt.Sprintf("team-%d", n),
		scm:       github.New(options...),
	}
	DeferCleanup(w.scm.Close)
	w.pem = w.scm.AddApp(appID)
	w.scm.Install(appID, installationID, "acme")
	w.scm.AddRepo("acme/shop", testSHA, otherSHA)
	w.create(hubCluster, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: w.namespace}})
	var err error
	w.account, err = hubCluster.HubAccount(w.ctx, w.namespace)
	Expect(err).NotTo(HaveOccurred())
	for _, c := range []*clusters.Cluster{hubCluster, euCluster, usCluster} {
		w.create(c, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: w.tenant}})
		DeferCleanup(func() { // whatever fails, so that no other spec's hub meets them
			Expect(c.Client.DeleteAllOf(w.ctx, &v1alpha1.CommitStatus{}, client.InNamespace(w.tenant))).To(Succeed())
			Expect(c.Client.DeleteAllOf(w.ctx, &v1alpha1.GitRepo{}, client.InNamespace(w.tenant))).To(Succeed())
		})
		DeferCleanup(w.expectTrue, c)
	}
	return w
}

// provider makes the ScmProvider acme and its Secret, after edits.
func (w *world) provider(edit ...func(*v1alpha1.ScmProvider)) *v1alpha1.ScmProvider {
	p := &v1alpha1.ScmProvider{
		ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: "acme"},
		Spec: v1alpha1.ScmProviderSpec{
			GitHub:    &v1alpha1.GitHubSpec{APIURL: v1alpha1.APIURL(w.scm.URL()), AppID: appID, InstallationID: installationID},
			SecretRef: v1alpha1.ObjectReference{Name: "acme-app"},
			Grants:    []v1alpha1.Grant{{Clusters: []v1alpha1.Pattern{"*"}, Repositories: []v1alpha1.Pattern{"acme/*"}}},
		},
	}
	for _, f := range edit {
		f(p)
	}
	w.create(hubCluster, p)
	return p
}

func (w *world) secret(data map[string][]byte) {
	w.create(hubCluster, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: "acme-app"}, Data: data})
}

// ready makes the ScmProvider with a good Secret, and a GitRepo in each cluster.
func (w *world) ready(edit ...func(*v1alpha1.ScmProvider)) {
	w.secret(map[string][]byte{"privateKey": w.pem})
	w.provider(edit...)
	for _, c := range []*clusters.Cluster{hubCluster, euCluster, usCluster} {
		w.repo(c, "shop", "acme/shop")
	}
}

func (w *world) repo(c *clusters.Cluster, name, repository string) {
	w.create(c, &v1alpha1.GitRepo{
		ObjectMeta: metav1.ObjectMeta{Namespace: w.tenant, Name: name},
		Spec:       v1alpha1.GitRepoSpec{ScmProviderRef: v1alpha1.ObjectReference{Name: "acme"}, Repository: repository},
	})
}

// member makes the Secret by which the hub finds a cluster.
func (w *world) member(name string, kubeconfig []byte) {
	w.create(hubCluster, &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: name, Labels: map[string]string{memberLabel: "true"}},
		Data:       map[string][]byte{"kubeconfig": kubeconfig},
	})
}

func (w *world) members() {
	w.member("eu", euCluster.Kubeconfig())
	w.member("us", usCluster.Kubeconfig())
}

// kubeconfig is what a hub that is a program reaches its own cluster by.
func (w *world) kubeconfig() []byte { return hubCluster.KubeconfigFor(w.account) }

// start runs a hub until w.stop.
func (w *world) start(edit ...func(*hub.Options)) {
	ctx, cancel := context.WithCancel(w.ctx)
	done := make(chan error, 1)
	options := hub.Options{
		Namespace: w.namespace, LocalCluster: true, Workers: 16, UnheardGrace: 15 * time.Minute,
		LeaderElect: true, LeaseDuration: 7 * time.Second, RenewDeadline: 5 * time.Second, RetryPeriod: time.Second,
		MetricsBindAddress: "0", HealthProbeBindAddress: "0",
		Log: ctrl.Log.WithName(w.namespace), Embedded: true,
	}
	for _, f := range edit {
		f(&options)
	}
	go func() { done <- hub.Run(ctx, w.account, options) }()
	w.stop = sync.OnceFunc(func() {
		cancel()
		var err error
		Eventually(done).Should(Receive(&err))
		Expect(err).NotTo(HaveOccurred())
	})
	DeferCleanup(w.stop)
}

func (w *world) create(c *clusters.Cluster, object client.Object) {
	GinkgoHelper()
	Expect(c.Client.Create(w.ctx, object)).To(Succeed())
}

// ask makes a CommitStatus that wants the SHA of the spec to be in phase.
func (w *world) ask(c *clusters.Cluster, name string, phase v1alpha1.Phase, edit ...func(*v1alpha1.CommitStatus)) {
	GinkgoHelper()
	cs := &v1alpha1.CommitStatus{
		ObjectMeta: metav1.ObjectMeta{Namespace: w.tenant, Name: name},
		Spec: v1alpha1.CommitStatusSpec{
			GitRepoRef: v1alpha1.ObjectReference{Name: "shop"}, SHA: testSHA, Name: name, Phase: phase,
			Description: "Hydrated 12 apps", URL: "https://ci.example.com/run/42",
		},
	}
	for _, f := range edit {
		f(cs)
	}
	w.create(c, cs)
}

// change edits a CommitStatus.
func (w *world) change(c *clusters.Cluster, name string, edit func(*v1alpha1.CommitStatus)) {
	GinkgoHelper()
	Eventually(func() error {
		cs := w.get(c, name)
		edit(cs)
		return c.Client.Update(w.ctx, cs)
	}).Should(Succeed())
}

func (w *world) get(c *clusters.Cluster, name string) *v1alpha1.CommitStatus {
	GinkgoHelper()
	cs := &v1alpha1.CommitStatus{}
	Expect(c.Client.Get(w.ctx, types.NamespacedName{Namespace: w.tenant, Name: name}, cs)).To(Succeed())
	return cs
}

// reason returns the Ready reason that answers the newest spec, "" for none yet.
func (w *world) reason(c *clusters.Cluster, name string) func() string {
	return func() string {
		cs := w.get(c, name)
		expectInvariants(cs)
		ready := apimeta.FindStatusCondition(cs.Status.Conditions, v1alpha1.ConditionReady)
		if ready == nil || cs.Status.ObservedGeneration != cs.Generation {
			return ""
		}
		return ready.Reason
	}
}

// synced waits until the CommitStatus shows the phase that its spec wants.
func (w *world) synced(c *clusters.Cluster, name string, phase v1alpha1.Phase) *v1alpha1.CommitStatus {
	GinkgoHelper()
	Eventually(func() v1alpha1.Phase {
		if w.reason(c, name)() != v1alpha1.ReasonSynced {
			return ""
		}
		return w.get(c, name).Status.Phase
	}).Should(Equal(phase))
	return w.get(c, name)
}

// expectInvariants checks what holds for every status at any time.
func expectInvariants(cs *v1alpha1.CommitStatus) {
	GinkgoHelper()
	Expect(cs.Status.ObservedGeneration).To(BeNumerically("<=", cs.Generation))
	if len(cs.Status.Conditions) == 0 {
		return
	}
	Expect(cs.Status.Conditions).To(HaveLen(1))
	ready := cs.Status.Conditions[0]
	Expect(cs.Status.SyncFailure != nil).To(Equal(ready.Status == metav1.ConditionFalse))
	if cs.Status.IsSynced {
		Expect(ready.Status).To(Equal(metav1.ConditionTrue))
	}
}

// expectTrue checks that the statuses in a cluster tell what GitHub shows, as far as
// they say that it is what their specs want.
func (w *world) expectTrue(c *clusters.Cluster) {
	GinkgoHelper()
	here := strings.TrimPrefix(w.scm.URL(), "http://") + "/"
	items := w.statuses(c)
	for i := range items {
		cs := &items[i]
		expectInvariants(cs)
		repository, ours := strings.CutPrefix(cs.Status.Repo, here)
		if !cs.Status.IsSynced || !ours || w.unwatched || w.removed == c {
			continue
		}
		told := cs.Status
		runs := slices.DeleteFunc(w.scm.CheckRuns(repository, told.SHA), func(r github.CheckRun) bool {
			return r.ID != told.Provider.GitHub.CheckRunID
		})
		Expect(runs).To(HaveLen(1), "the run of %s", cs.Name)
		Expect(phaseOf(runs[0])).To(Equal(told.Phase), "the phase of %s", cs.Name)
		Expect(runs[0].Name).To(Equal(told.Name))
		Expect(runs[0].Summary).To(Equal(told.Description))
		Expect(runs[0].DetailsURL).To(Equal(told.URL))
	}
}

// phaseOf is the phase that a check run stands for.
func phaseOf(r github.CheckRun) v1alpha1.Phase {
	switch {
	case r.Status != "completed":
		return v1alpha1.Phase(r.Status)
	case r.Conclusion == "cancelled":
		return v1alpha1.PhaseCanceled
	}
	return v1alpha1.Phase(r.Conclusion)
}

// posts counts the check runs that were asked to be made.
func (w *world) posts() int {
	n := 0
	for _, call := range w.scm.Writes() {
		if strings.EqualFold(call.Method, "POST") {
			n++
		}
	}
	return n
}

// runsNamed counts the check runs of a name on the commit of the spec.
func (w *world) runsNamed(name string) int {
	n := 0
	for _, run := range w.scm.CheckRuns("acme/shop", testSHA) {
		if run.Name == name {
			n++
		}
	}
	return n
}
