package forward

import (
	"context"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/argoproj-labs/commit-status-hub/test/clusters"
)

const (
	lease = "commit-status-hub"
	// soon is far longer than anything here takes.
	soon = time.Minute
)

// cluster is one control plane for all tests, each of which has a namespace and a node of its own.
var cluster *clusters.Cluster

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(func() int {
		if testing.Short() {
			return m.Run()
		}
		var err error
		if cluster, err = clusters.Start(context.Background(), clusters.WithoutCRDs()); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		code := m.Run()
		if err := cluster.Stop(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		return code
	}())
}

// world is a namespace and a node, on which the pods of a hub run.
type world struct {
	t         *testing.T
	namespace string
	kubelet   *clusters.Kubelet
}

func start(t *testing.T) *world {
	t.Helper()
	if testing.Short() {
		t.Skip("needs a control plane")
	}
	g := NewWithT(t)
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "hub-"}}
	g.Expect(cluster.Client.Create(t.Context(), namespace)).To(Succeed())
	kubelet, err := cluster.StartKubelet(t.Context(), namespace.Name)
	g.Expect(err).NotTo(HaveOccurred())
	t.Cleanup(kubelet.Close)
	return &world{t: t, namespace: namespace.Name, kubelet: kubelet}
}

// hub is the access of somebody who has no rights but those that the documentation asks for. verbs
// replaces what may be done with forwarded ports.
func (w *world) hub(verbs ...string) Hub {
	w.t.Helper()
	g := NewWithT(w.t)
	role := documented(w.t)
	role.Namespace, role.Name = w.namespace, "user-"+strings.Join(verbs, "-")
	if len(verbs) > 0 {
		role.Rules[len(role.Rules)-1].Verbs = verbs
	}
	user, err := cluster.AddUser(w.namespace + role.Name)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(cluster.Client.Create(w.t.Context(), role)).To(Succeed())
	g.Expect(cluster.Client.Create(w.t.Context(), &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: role.Name},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: role.Name},
		Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: w.namespace + role.Name}},
	})).To(Succeed())
	g.Eventually(func() ([]rbacv1.PolicyRule, error) { return clusters.RulesOf(w.t.Context(), user, w.namespace) }).
		WithTimeout(soon).Should(HaveLen(len(role.Rules)))
	return w.as(user)
}

func (w *world) as(user *rest.Config) Hub {
	w.t.Helper()
	reader, err := client.New(user, client.Options{Scheme: clusters.Scheme()})
	NewWithT(w.t).Expect(err).NotTo(HaveOccurred())
	return Hub{Client: reader, Config: user, Namespace: w.namespace, Lease: lease}
}

// documented is the Role in the documentation.
func documented(t *testing.T) *rbacv1.Role {
	t.Helper()
	g := NewWithT(t)
	text, err := os.ReadFile("../../../docs/troubleshooting.md")
	g.Expect(err).NotTo(HaveOccurred())
	found := regexp.MustCompile("(?s)```yaml\n(apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\n.*?)```").FindSubmatch(text)
	g.Expect(found).NotTo(BeNil())
	role := &rbacv1.Role{}
	g.Expect(yaml.UnmarshalStrict(found[1], role)).To(Succeed())
	return role
}

// run starts a pod of the hub, whose fleet page is served by a handler at a port of its own.
func (w *world) run(name string, port int32, page http.Handler) *corev1.Pod {
	w.t.Helper()
	pod := w.pod(name, fmt.Sprintf("--web-bind-address=127.0.0.1:%d", port))
	w.serve(pod, port, httptest.NewServer, page)
	return pod
}

// serve starts a pod with a page, nil for none, which listens as a function of httptest does.
func (w *world) serve(pod *corev1.Pod, port int32, listen func(http.Handler) *httptest.Server, page http.Handler) {
	w.t.Helper()
	serves := map[int32]string{}
	if page != nil {
		server := listen(page)
		w.t.Cleanup(func() { server.CloseClientConnections(); server.Close() })
		serves[port] = server.Listener.Addr().String()
	}
	NewWithT(w.t).Expect(w.kubelet.Run(w.t.Context(), pod, serves)).To(Succeed())
}

func (w *world) pod(name string, args ...string) *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: name},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "hub", Image: "hub", Args: append([]string{"run"}, args...)}}},
	}
}

// lead gives the Lease to a pod; "" gives it to none.
func (w *world) lead(pod string) {
	w.t.Helper()
	g := NewWithT(w.t)
	object := &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: lease}}
	g.Expect(client.IgnoreAlreadyExists(cluster.Client.Create(w.t.Context(), object))).To(Succeed())
	g.Expect(cluster.Client.Get(w.t.Context(), client.ObjectKeyFromObject(object), object)).To(Succeed())
	holder, now := pod, metav1.NowMicro()
	if pod != "" {
		holder = pod + "_fc2b2a94-6d1e-4d0f-8f3e-0d1c2b3a4958"
	}
	object.Spec.HolderIdentity, object.Spec.RenewTime = &holder, &now
	g.Expect(cluster.Client.Update(w.t.Context(), object)).To(Succeed())
}

// says is a fleet page that says one thing.
func says(text string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, text) })
}

// lines collects what is printed.
type lines struct {
	mu   sync.Mutex
	text string
}

// Write implements io.Writer.
func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text += string(p)
	return len(p), nil
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text
}

// get asks for a page until ctx ends, and returns what it says.
func get(ctx context.Context, transport http.RoundTripper, url string) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return "", err
	}
	response, err := transport.RoundTrip(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	text := make([]byte, 1<<10)
	n, _ := response.Body.Read(text)
	return string(text[:n]), nil
}

// leaseOf is a Lease that a pod holds.
func leaseOf(pod string) *coordinationv1.Lease {
	return &coordinationv1.Lease{Spec: coordinationv1.LeaseSpec{HolderIdentity: &pod}}
}

// zeros is a stream that does not end.
type zeros struct{}

// Read implements io.Reader.
func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}
