package e2e

import (
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gbytes"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/test/clusters"
)

// startProgram runs the hub as users do, with flags, and returns what it logs.
func (w *world) startProgram(flags ...string) *gbytes.Buffer {
	GinkgoHelper()
	return w.launch(flags...).log
}

// launch is startProgram for one that is to be sent signals.
func (w *world) launch(flags ...string) *replica {
	GinkgoHelper()
	program, err := buildHub()
	Expect(err).NotTo(HaveOccurred())
	kubeconfig := filepath.Join(GinkgoT().TempDir(), "kubeconfig")
	Expect(os.WriteFile(kubeconfig, w.kubeconfig(), 0o600)).To(Succeed())
	r := &replica{log: gbytes.NewBuffer(), ended: make(chan struct{})}
	r.command = exec.Command(program, append([]string{"run", "--kubeconfig", kubeconfig, "--namespace", w.namespace}, flags...)...)
	r.command.Stdout, r.command.Stderr = r.log, r.log
	Expect(r.command.Start()).To(Succeed())
	go func() {
		defer close(r.ended)
		_ = r.command.Wait()
	}()
	DeferCleanup(func() {
		_ = r.command.Process.Kill()
		<-r.ended
		_, _ = GinkgoWriter.Write(r.log.Contents())
	})
	return r
}

// freeAddress is where a program may listen. Its port is below those that the kernel hands
// out, so that no other process gets it before that program does.
func freeAddress() string {
	for {
		address := fmt.Sprintf("127.0.0.1:%d", 20_000+rand.IntN(10_000))
		if listener, err := net.Listen("tcp", address); err == nil {
			_ = listener.Close()
			return address
		}
	}
}

// fetch asks a server for a page; the code is 0 while it does not answer.
func fetch(url, token string) (code int, body string) {
	GinkgoHelper()
	request, err := http.NewRequest(http.MethodGet, url, nil)
	Expect(err).NotTo(HaveOccurred())
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	// The program makes its own certificate.
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableKeepAlives: true}
	response, err := (&http.Client{Transport: transport, Timeout: 10 * time.Second}).Do(request)
	if err != nil {
		return 0, err.Error()
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return 0, err.Error()
	}
	return response.StatusCode, string(text)
}

// tokenOf makes a ServiceAccount with rules in a cluster, and returns a token of it.
func tokenOf(w *world, c *clusters.Cluster, name string, rules ...rbacv1.PolicyRule) (token string) {
	GinkgoHelper()
	kubeconfig, err := c.TokenKubeconfig(w.ctx, w.tenant, name)
	Expect(err).NotTo(HaveOccurred())
	in := metav1.ObjectMeta{Name: w.tenant + "-" + name}
	role := &rbacv1.ClusterRole{ObjectMeta: in, Rules: rules}
	binding := &rbacv1.ClusterRoleBinding{
		ObjectMeta: in,
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: in.Name},
		Subjects:   []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Namespace: w.tenant, Name: name}},
	}
	for _, object := range []client.Object{role, binding} {
		w.create(c, object)
		DeferCleanup(func() { Expect(client.IgnoreNotFound(c.Client.Delete(w.ctx, object))).To(Succeed()) })
	}
	config, err := clientcmd.Load(kubeconfig)
	Expect(err).NotTo(HaveOccurred())
	for _, user := range config.AuthInfos {
		token = user.Token
	}
	Expect(token).NotTo(BeEmpty())
	return token
}

var inMembers = []rbacv1.PolicyRule{
	{APIGroups: []string{v1alpha1.GroupVersion.Group}, Resources: []string{"commitstatuses", "gitrepos"}, Verbs: []string{"get", "list", "watch"}},
	{APIGroups: []string{v1alpha1.GroupVersion.Group}, Resources: []string{"commitstatuses/status"}, Verbs: []string{"patch"}},
	{APIGroups: []string{"", "events.k8s.io"}, Resources: []string{"events"}, Verbs: []string{"create", "patch"}},
}

// echoing is a member that tells in its answers whatever it is asked with.
func echoing() *httptest.Server {
	server := httptest.NewTLSServer(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		out.Header().Set("Content-Type", "application/json")
		out.WriteHeader(http.StatusForbidden)
		_ = json.NewEncoder(out).Encode(metav1.Status{
			TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Status"}, Status: metav1.StatusFailure, Code: http.StatusForbidden,
			Reason: metav1.StatusReasonForbidden, Message: "not with " + r.Header.Get("Authorization"),
		})
	}))
	DeferCleanup(server.Close)
	return server
}

var _ = Describe("Secrets", func() {
	It("are told nowhere, whatever goes well or wrong", func() {
		w := newWorld()
		s := &secrets{texts: map[string]string{}}
		s.overhear(w.scm)
		s.add("the App's key", string(w.pem))
		w.ready()
		token := tokenOf(w, euCluster, "hub", inMembers...)
		s.add("the token of member eu", token)
		good := euCluster.KubeconfigFor(&rest.Config{BearerToken: token})
		w.member("eu", good)
		address := freeAddress()
		log := w.startProgram("--metrics-bind-address="+address, "--metrics-secure=false", "--health-probe-bind-address=0", "--zap-log-level=debug")

		By("going well")
		w.ask(euCluster, "build", v1alpha1.PhaseInProgress)
		w.synced(euCluster, "build", v1alpha1.PhaseInProgress)
		Expect(s.kinds()).To(ContainElements("a JWT of the App", "an installation token", "the App's key"))

		By("losing the installation's token")
		w.scm.ExpireTokens()
		w.change(euCluster, "build", func(cs *v1alpha1.CommitStatus) { cs.Spec.Phase = v1alpha1.PhaseSuccess })
		w.synced(euCluster, "build", v1alpha1.PhaseSuccess)

		By("having keys that are none, cut short, and another App's")
		foreign := string(w.scm.AddApp(999))
		for i, key := range []string{"hunter2-is-no-key", string(w.pem[:len(w.pem)/2]), foreign} {
			s.add("a bad key", key)
			w.setSecret([]byte(key))
			name := fmt.Sprintf("bad-%d", i)
			w.ask(euCluster, name, v1alpha1.PhaseSuccess)
			Eventually(w.reason(euCluster, name)).Should(Equal(v1alpha1.ReasonCredentialsInvalid), name)
		}

		By("having kubeconfigs that are refused, that are no good, and a member that tells what it was told")
		bad := strings.Repeat("member-token-", 3)
		text := string(kubeconfigOf(echoing(), bad))
		s.add("a bad member's token", bad)
		for name, kubeconfig := range map[string]string{
			"unreadable": "token: " + bad + "\n\t: " + bad,
			"insecure":   strings.Replace(text, "- cluster:\n", "- cluster:\n    insecure-skip-tls-verify: true\n", 1),
			"password":   strings.Replace(text, "token: ", "username: admin\n    password: ", 1),
			"in-url":     strings.Replace(text, "https://", "https://admin:"+bad+"@", 1),
			"broken":     strings.Replace(text, bad, bad+"\u00fc", 1),
			"denied":     strings.Replace(string(good), token, bad, 1),
			"echoing":    text,
		} {
			w.member(name, []byte(kubeconfig))
			Eventually(func() (told []string) {
				var list eventsv1.EventList
				Expect(hubCluster.Client.List(w.ctx, &list, client.InNamespace(w.namespace))).To(Succeed())
				for _, e := range list.Items {
					if e.Regarding.Name == name && e.Type == corev1.EventTypeWarning {
						told = append(told, e.Reason)
					}
				}
				return told
			}).ShouldNot(BeEmpty(), name)
		}

		By("reading all that there is to read")
		code, metrics := fetch("http://"+address+"/metrics", "")
		Expect(code).To(Equal(http.StatusOK))
		Expect(metrics).To(ContainSubstring("commit_status_hub_scm_requests_total"))
		s.expectNotIn("the metrics", metrics)
		s.expectNotIn("the log", string(log.Contents()))
		w.expectUntold(s)
	})
})

var _ = Describe("The option", func() {
	var w *world

	BeforeEach(func() {
		w = newWorld()
		w.ready()
	})

	It("--local-cluster=false leaves the hub's own CommitStatuses alone", func() {
		w.members()
		w.startProgram("--local-cluster=false", "--metrics-bind-address=0", "--health-probe-bind-address=0")
		w.ask(hubCluster, "own", v1alpha1.PhaseSuccess)
		w.ask(euCluster, "build", v1alpha1.PhaseSuccess)
		w.synced(euCluster, "build", v1alpha1.PhaseSuccess)
		Consistently(func() v1alpha1.CommitStatusStatus { return w.get(hubCluster, "own").Status }).Should(Equal(v1alpha1.CommitStatusStatus{}))
		Expect(w.posts()).To(Equal(1))
	})

	It("--metrics-secure, which is the default, lets only those read metrics whom the API server lets", func() {
		address := freeAddress()
		w.startProgram("--metrics-bind-address="+address, "--health-probe-bind-address=0")
		page := "https://" + address + "/metrics"
		read := func(token string) func() int {
			return func() int {
				code, body := fetch(page, token)
				if code != http.StatusOK {
					Expect(body).NotTo(ContainSubstring("commit_status_hub_"))
				}
				return code
			}
		}
		Eventually(read("")).Should(Equal(http.StatusUnauthorized))
		Expect(read("made-up")()).NotTo(Equal(http.StatusOK))
		Expect(read(tokenOf(w, hubCluster, "nobody"))()).To(Equal(http.StatusForbidden))
		reader := tokenOf(w, hubCluster, "reader", rbacv1.PolicyRule{NonResourceURLs: []string{"/metrics"}, Verbs: []string{"get"}})
		Eventually(read(reader)).Should(Equal(http.StatusOK))
		_, body := fetch("http://"+address+"/metrics", reader)
		Expect(body).NotTo(ContainSubstring("commit_status_hub_"), "without TLS")
	})

	It("--metrics-secure=false lets everybody read them", func() {
		address := freeAddress()
		w.startProgram("--metrics-bind-address="+address, "--metrics-secure=false", "--health-probe-bind-address=0")
		Eventually(func() string {
			_, body := fetch("http://"+address+"/metrics", "")
			return body
		}).Should(ContainSubstring("commit_status_hub_keys"))
	})

	It("--health-probe-bind-address tells that the hub is ready although a member is dead and another hangs", func() {
		f := newFrontage(usCluster, func(*http.Request) bool { return true })
		w.member("hung", f.kubeconfig())
		dead := httptest.NewTLSServer(nil)
		kubeconfig := kubeconfigOf(dead, "x")
		dead.Close()
		w.member("dead", kubeconfig)
		address := freeAddress()
		w.startProgram("--metrics-bind-address=0", "--health-probe-bind-address="+address)
		for _, page := range []string{"/healthz", "/readyz"} {
			Eventually(func() int {
				code, _ := fetch("http://"+address+page, "")
				return code
			}).Should(Equal(http.StatusOK), page)
		}
		w.ask(hubCluster, "build", v1alpha1.PhaseSuccess)
		w.synced(hubCluster, "build", v1alpha1.PhaseSuccess)
		code, _ := fetch("http://"+address+"/readyz", "")
		Expect(code).To(Equal(http.StatusOK))
	})
})
