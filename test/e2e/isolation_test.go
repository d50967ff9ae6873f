package e2e

import (
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"path"
	"slices"
	"strconv"
	"sync"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/hub"
	"github.com/argoproj-labs/commit-status-hub/test/clusters"
)

const namespacesAnnotation = "commit-status.argoproj.io/namespaces"

// frontage stands before a member's API server. It can keep back what the watches
// bring, and leave requests without an answer.
type frontage struct {
	server *httptest.Server
	// hangs says which requests are never answered.
	hangs func(*http.Request) bool

	mu      sync.Mutex
	open    chan struct{} // closed unless events are kept back
	hung    int
	patches []int // the answers to status patches
}

func newFrontage(c *clusters.Cluster, hangs func(*http.Request) bool) *frontage {
	GinkgoHelper()
	f := &frontage{hangs: hangs, open: make(chan struct{})}
	close(f.open)
	proxy := proxyOf(c, f.note)
	f.server = httptest.NewTLSServer(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		if f.hangs(r) {
			f.locked(func() { f.hung++ })
			<-r.Context().Done()
			return
		}
		proxy.ServeHTTP(out, r)
	}))
	DeferCleanup(func() {
		f.server.CloseClientConnections()
		f.server.Close()
	})
	return f
}

// proxyOf leads to a cluster with the rights of its Config. note, if there is one, sees
// each answer first.
func proxyOf(c *clusters.Cluster, note func(*http.Response) error) *httputil.ReverseProxy {
	GinkgoHelper()
	target, _, err := rest.DefaultServerUrlFor(c.Config)
	Expect(err).NotTo(HaveOccurred())
	transport, err := rest.TransportFor(c.Config)
	Expect(err).NotTo(HaveOccurred())
	return &httputil.ReverseProxy{
		Transport:     transport,
		FlushInterval: -1,
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(&url.URL{Scheme: target.Scheme, Host: target.Host})
			r.Out.Header.Del("Authorization")
		},
		ModifyResponse: note,
		ErrorLog:       log.New(GinkgoWriter, "", 0),
	}
}

func (f *frontage) locked(do func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	do()
}

// note sees each answer before the hub does.
func (f *frontage) note(answer *http.Response) error {
	r := answer.Request
	switch watch, _ := strconv.ParseBool(r.URL.Query().Get("watch")); {
	case watch:
		answer.Body = &keptBack{ReadCloser: answer.Body, frontage: f, request: r}
	case r.Method == http.MethodPatch && path.Base(r.URL.Path) == "status":
		f.locked(func() { f.patches = append(f.patches, answer.StatusCode) })
	}
	return nil
}

// keep keeps events back until the function that it returns is called.
func (f *frontage) keep() (release func()) {
	open := make(chan struct{})
	f.locked(func() { f.open = open })
	return sync.OnceFunc(func() { close(open) })
}

func (f *frontage) kubeconfig() []byte { return kubeconfigOf(f.server, "x") }

// kubeconfigOf is a kubeconfig for a server of the test's own, with a token.
func kubeconfigOf(server *httptest.Server, token string) []byte {
	GinkgoHelper()
	written, err := clientcmd.Write(clientcmdapi.Config{
		Clusters: map[string]*clientcmdapi.Cluster{
			"c": {Server: server.URL, CertificateAuthorityData: pemOf(server.Certificate())},
		},
		AuthInfos:      map[string]*clientcmdapi.AuthInfo{"u": {Token: token}},
		Contexts:       map[string]*clientcmdapi.Context{"x": {Cluster: "c", AuthInfo: "u"}},
		CurrentContext: "x",
	})
	Expect(err).NotTo(HaveOccurred())
	return written
}

func (f *frontage) refused() (n int) {
	f.locked(func() {
		for _, code := range f.patches {
			if code == http.StatusConflict {
				n++
			}
		}
	})
	return n
}

// keptBack is the body of a watch.
type keptBack struct {
	io.ReadCloser
	frontage *frontage
	request  *http.Request
}

func (k *keptBack) Read(p []byte) (int, error) {
	n, err := k.ReadCloser.Read(p)
	var open chan struct{}
	k.frontage.locked(func() { open = k.frontage.open })
	select {
	case <-open:
	case <-k.request.Context().Done():
	}
	return n, err
}

// watches says whether a request is what a cache is filled by.
func watches(r *http.Request) bool {
	kind := path.Base(r.URL.Path)
	return (kind == "commitstatuses" || kind == "gitrepos") && r.URL.Query().Get("limit") != "1"
}

func nothing(*http.Request) bool { return false }

// setMember edits the Secret of a member.
func (w *world) setMember(name string, edit func(*corev1.Secret)) {
	GinkgoHelper()
	secret := &corev1.Secret{}
	Expect(hubCluster.Client.Get(w.ctx, types.NamespacedName{Namespace: w.namespace, Name: name}, secret)).To(Succeed())
	before := secret.DeepCopy()
	edit(secret) // which the hub annotates meanwhile
	Expect(hubCluster.Client.Patch(w.ctx, secret, client.MergeFrom(before))).To(Succeed())
}

var _ = Describe("A member that passes the check and then hangs", func() {
	It("does not delay one that is engaged after it, and can be removed", Serial, func() {
		// served is how long a member takes from its Secret to its first status. Its
		// name is the world's own: the other world's object is there still.
		served := func(w *world) time.Duration {
			w.ask(euCluster, w.tenant, v1alpha1.PhaseSuccess)
			begin := time.Now()
			w.member("eu", euCluster.Kubeconfig())
			w.synced(euCluster, w.tenant, v1alpha1.PhaseSuccess)
			return time.Since(begin)
		}
		plain := newWorld()
		plain.ready()
		plain.start()
		plain.ask(hubCluster, "first", v1alpha1.PhaseSuccess)
		plain.synced(hubCluster, "first", v1alpha1.PhaseSuccess)
		without := served(plain)
		plain.stop()

		w := newWorld()
		w.ready()
		f := newFrontage(usCluster, watches)
		w.member("bad", f.kubeconfig())
		w.start()
		w.ask(hubCluster, "first", v1alpha1.PhaseSuccess)
		w.synced(hubCluster, "first", v1alpha1.PhaseSuccess)
		Eventually(func() (n int) {
			f.locked(func() { n = f.hung })
			return n
		}).Should(BeNumerically(">", 0), "it is engaged, and its caches wait")
		with := served(w)
		AddReportEntry("first status without and with it", []time.Duration{without, with})
		Expect(with).To(BeNumerically("<", without+time.Second))

		Expect(hubCluster.Client.Delete(w.ctx, &corev1.Secret{ObjectMeta: objectMeta(w.namespace, "bad")})).To(Succeed())
		w.change(euCluster, w.tenant, func(cs *v1alpha1.CommitStatus) { cs.Spec.Phase = v1alpha1.PhaseFailure })
		w.synced(euCluster, w.tenant, v1alpha1.PhaseFailure)
		w.stop() // which waits for the end of every member
	})
})

var _ = Describe("A member that is let go", func() {
	var w *world

	BeforeEach(func() {
		w = newWorld()
		w.ready()
		w.members()
	})

	DescribeTable("loses its claims to others, has nothing canceled, and goes on when it is back",
		func(letGo, takeBack func(*corev1.Secret)) {
			fast := newFastClock()
			w.start(func(o *hub.Options) { o.Clock = fast })
			w.ask(euCluster, "alone", v1alpha1.PhaseInProgress)
			w.ask(euCluster, "shared", v1alpha1.PhaseInProgress)
			w.synced(euCluster, "alone", v1alpha1.PhaseInProgress)
			w.synced(euCluster, "shared", v1alpha1.PhaseInProgress)
			Eventually(func() time.Duration { // creation timestamps have whole seconds
				return time.Since(w.get(euCluster, "shared").CreationTimestamp.Time)
			}).Should(BeNumerically(">", time.Second))
			w.ask(usCluster, "shared", v1alpha1.PhaseQueued)
			Eventually(w.reason(usCluster, "shared")).Should(Equal(v1alpha1.ReasonConflict))

			w.setMember("eu", letGo)
			w.synced(usCluster, "shared", v1alpha1.PhaseQueued)
			w.change(euCluster, "alone", func(cs *v1alpha1.CommitStatus) { cs.Spec.Phase = v1alpha1.PhaseSuccess })
			fast.skip(time.Minute)
			Consistently(w.effects).Should(ConsistOf("POST in_progress", "POST in_progress", "PATCH queued"))
			Expect(w.get(euCluster, "alone").Status.ObservedGeneration).To(BeEquivalentTo(1))

			w.setMember("eu", takeBack)
			w.synced(euCluster, "alone", v1alpha1.PhaseSuccess)
			w.synced(euCluster, "shared", v1alpha1.PhaseInProgress)
			Expect(w.effects()).To(ConsistOf(
				"POST in_progress", "POST in_progress", "PATCH queued", "PATCH success", "PATCH in_progress",
			))
		},
		Entry("by the label of its Secret",
			func(s *corev1.Secret) { delete(s.Labels, memberLabel) },
			func(s *corev1.Secret) { s.Labels = map[string]string{memberLabel: "true"} }),
		Entry("by the namespaces that its Secret names",
			func(s *corev1.Secret) { s.Annotations = map[string]string{namespacesAnnotation: "default"} },
			func(s *corev1.Secret) { s.Annotations[namespacesAnnotation] = "default," + w.tenant }),
	)
})

var _ = Describe("A status patch", func() {
	It("never gives a status to an object that was created anew while the watch was behind", func() {
		w := newWorld()
		w.ready()
		f := newFrontage(euCluster, nothing)
		w.member("eu", f.kubeconfig())
		w.start()
		w.ask(euCluster, "build", v1alpha1.PhaseSuccess)
		w.ask(euCluster, "other", v1alpha1.PhaseSuccess)
		w.synced(euCluster, "build", v1alpha1.PhaseSuccess)
		w.synced(euCluster, "other", v1alpha1.PhaseSuccess)
		old := w.get(euCluster, "build")

		By("replacing the object behind the hub's back, and having the hub tell something new")
		release := f.keep()
		defer release()
		Expect(euCluster.Client.Delete(w.ctx, old)).To(Succeed())
		w.ask(euCluster, "build", v1alpha1.PhaseFailure, func(cs *v1alpha1.CommitStatus) { cs.Spec.SHA = otherSHA })
		w.grantTo("us")
		Eventually(f.refused).Should(Equal(1))
		Consistently(func() v1alpha1.CommitStatusStatus { return w.get(euCluster, "build").Status }).
			Should(Equal(v1alpha1.CommitStatusStatus{}))
		Expect(f.refused()).To(Equal(1), "it waits for the watch")
		Eventually(w.reason(euCluster, "other")).Should(Equal(v1alpha1.ReasonDenied), "its member is not backed off")

		By("letting the watch catch up")
		release()
		Eventually(w.reason(euCluster, "build")).Should(Equal(v1alpha1.ReasonDenied))
		w.grantTo("eu")
		cs := w.synced(euCluster, "build", v1alpha1.PhaseFailure)
		Expect(cs.UID).NotTo(Equal(old.UID))
		Expect(cs.Status.SHA).To(Equal(otherSHA))
	})

	It("owns the status and nothing else", func() {
		w := newWorld()
		w.ready()
		w.members()
		w.start()
		w.ask(euCluster, "build", v1alpha1.PhaseQueued, func(cs *v1alpha1.CommitStatus) {
			cs.Annotations = map[string]string{"note": "mine"}
		})
		w.synced(euCluster, "build", v1alpha1.PhaseQueued)
		others := func() []metav1.ManagedFieldsEntry {
			return slices.DeleteFunc(w.get(euCluster, "build").ManagedFields, func(e metav1.ManagedFieldsEntry) bool {
				return e.Manager == "commit-status-hub"
			})
		}
		before := others()
		Expect(before).NotTo(BeEmpty())
		applied := &v1alpha1.CommitStatus{
			TypeMeta:   metav1.TypeMeta{APIVersion: v1alpha1.GroupVersion.String(), Kind: "CommitStatus"},
			ObjectMeta: metav1.ObjectMeta{Namespace: w.tenant, Name: "build", Annotations: map[string]string{"another": "theirs"}},
		}
		patch := client.RawPatch(types.ApplyPatchType, []byte(`{"apiVersion":"`+applied.APIVersion+`","kind":"CommitStatus",`+
			`"metadata":{"annotations":{"another":"theirs"},"labels":{"team":"a"}},"spec":{"phase":"success"}}`))
		Expect(euCluster.Client.Patch(w.ctx, applied, patch, client.FieldOwner("somebody"), client.ForceOwnership)).To(Succeed())
		before = others()

		cs := w.synced(euCluster, "build", v1alpha1.PhaseSuccess)
		Expect(others()).To(Equal(before))
		Expect(cs.Annotations).To(Equal(map[string]string{"note": "mine", "another": "theirs"}))
		Expect(cs.Labels).To(Equal(map[string]string{"team": "a"}))
		var ours []metav1.ManagedFieldsEntry
		for _, e := range cs.ManagedFields {
			if e.Manager == "commit-status-hub" {
				ours = append(ours, e)
			}
		}
		Expect(ours).To(HaveExactElements(And(
			HaveField("Operation", metav1.ManagedFieldsOperationUpdate),
			HaveField("Subresource", "status"),
			WithTransform(func(e metav1.ManagedFieldsEntry) string { return e.FieldsV1.GetRawString() }, MatchRegexp(`^\{"f:status":`)),
		)))
	})
})
