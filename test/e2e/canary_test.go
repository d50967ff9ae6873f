package e2e

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gbytes"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/test/clusters"
	"github.com/argoproj-labs/commit-status-hub/test/scm/github"
)

const (
	// shortestSecret is what is long enough to be told from words that happen to occur.
	shortestSecret = 8
	// pieceOfSecret is how much of a secret may be told nowhere, in one piece.
	pieceOfSecret = 20
)

// secrets are texts that nobody may read who may not read the Secrets.
type secrets struct {
	mu    sync.Mutex
	texts map[string]string // what it is, by the text
}

// add takes each line of a secret for one of its own, with its pieces and in other
// writings.
func (s *secrets) add(what, secret string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for line := range strings.Lines(secret) {
		line = strings.TrimSpace(line)
		if len(line) < shortestSecret || strings.HasPrefix(line, "-----") || s.texts[line] != "" {
			continue
		}
		for piece := line; len(piece) >= pieceOfSecret; piece = piece[pieceOfSecret:] {
			s.texts[piece[:pieceOfSecret]] = "a piece of " + what
		}
		for _, escaped := range []string{url.QueryEscape(line), url.PathEscape(line), strings.ReplaceAll(line, "/", `\/`)} {
			if escaped != line {
				s.texts[escaped] = what + ", escaped"
			}
		}
		s.addWhole(what, line)
	}
}

// addWhole takes a secret in one piece, which may be bytes that are no text.
func (s *secrets) addWhole(what, secret string) {
	s.texts[strings.Trim(strconv.Quote(secret), `"`)] = what + ", quoted"
	s.texts[secret] = what
	s.texts[hex.EncodeToString([]byte(secret))] = what + " in hexadecimal"
	s.texts[strings.Trim(fmt.Sprintf("%d", []byte(secret)), "[]")] = what + " as numbers"
	for _, encoded := range inBase64(secret) {
		s.texts[encoded] = what + " in base64"
	}
}

// inBase64 is what a text becomes inside of anything that is written in base64, such as
// with a name before it: that depends on where it begins.
func inBase64(text string) (all []string) {
	for before := range 3 {
		whole := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("x", before) + text))
		begin, end := (8*before+5)/6, 8*(before+len(text))/6
		piece := whole[begin:end]
		all = append(all, piece, strings.NewReplacer("+", "-", "/", "_").Replace(piece))
	}
	return all
}

// overhear takes the credentials of each request to a GitHub.
func (s *secrets) overhear(scm *github.Server) {
	scm.Inject(github.Fault{Times: -1, Match: func(r *http.Request) bool {
		s.heard(r)
		return false
	}})
}

// heard takes the credential of a request.
func (s *secrets) heard(r *http.Request) {
	_, credential, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	what := "a token"
	switch {
	case strings.HasPrefix(credential, "ghs_"):
		what = "an installation token"
	case strings.HasPrefix(credential, "eyJ"):
		what = "a JWT of the App"
	}
	s.add(what, credential)
}

func (s *secrets) kinds() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Compact(slices.Sorted(maps.Values(s.texts)))
}

// expectNotIn fails if a text tells a secret, be it over several lines or in hexadecimal.
func (s *secrets) expectNotIn(where, text string) {
	GinkgoHelper()
	Expect(text).NotTo(BeEmpty(), where)
	joined := strings.NewReplacer(`\n`, "", `\r`, "", `\t`, "", "\n", "", "\r", "", "\t", "", " ", "")
	for _, t := range []string{text, joined.Replace(text), dumped(text)} {
		Expect(s.toldBy(t)).To(BeEmpty(), where)
	}
}

// toldBy is the first secret that a text tells, with the words before it.
func (s *secrets) toldBy(text string) (told string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	first := len(text)
	for secret, what := range s.texts {
		if at := strings.Index(text[:first], secret); at >= 0 {
			first, told = at, what+", after "+text[max(0, at-200):at]
		}
	}
	return told
}

// inHex is a line of a dump as encoding/hex makes it, without the characters.
var inHex = regexp.MustCompile(`[0-9a-f]{8} ((?: ?[0-9a-f]{2} ?)+) *\|`)

// dumped are the bytes of all dumps in a text.
func dumped(text string) string {
	var all strings.Builder
	for _, line := range inHex.FindAllStringSubmatch(text, -1) {
		octets, err := hex.DecodeString(strings.ReplaceAll(line[1], " ", ""))
		Expect(err).NotTo(HaveOccurred())
		all.Write(octets)
	}
	return all.String()
}

// expectUntold looks for secrets in all that the hub has written in all clusters.
func (w *world) expectUntold(s *secrets) {
	GinkgoHelper()
	for name, c := range map[string]*clusters.Cluster{"hub": hubCluster, "eu": euCluster, "us": usCluster} {
		s.expectNotIn("an event in "+name, w.seen(c, &eventsv1.EventList{}))
		s.expectNotIn("an event in "+name, w.seen(c, &corev1.EventList{}))
		s.expectNotIn("a CommitStatus in "+name, w.seen(c, &v1alpha1.CommitStatusList{}))
		s.expectNotIn("a GitRepo in "+name, w.seen(c, &v1alpha1.GitRepoList{}))
	}
	s.expectNotIn("a ScmProvider", w.seen(hubCluster, &v1alpha1.ScmProviderList{}))
	s.expectNotIn("a Lease", w.seen(hubCluster, &coordinationv1.LeaseList{}))
	metadata := &metav1.PartialObjectMetadataList{}
	metadata.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("SecretList"))
	s.expectNotIn("the metadata of a Secret", w.seen(hubCluster, metadata, client.InNamespace(w.namespace)))
}

// seen are all objects of a kind in a cluster, as whoever may read them sees them.
func (w *world) seen(c *clusters.Cluster, list client.ObjectList, options ...client.ListOption) string {
	GinkgoHelper()
	Expect(c.Client.List(w.ctx, list, options...)).To(Succeed())
	text, err := json.Marshal(list)
	Expect(err).NotTo(HaveOccurred())
	return string(text)
}

// clusterCommand runs a subcommand of cluster as an administrator with the contexts hub,
// eu and us, of which the first is the current one. It returns all that is printed, and
// what it ended with.
func (w *world) clusterCommand(words ...string) (output string, err error) {
	GinkgoHelper()
	program, err := buildHub()
	Expect(err).NotTo(HaveOccurred())
	contexts := clientcmdapi.NewConfig()
	for name, c := range map[string]*clusters.Cluster{"hub": hubCluster, "eu": euCluster, "us": usCluster} {
		one, err := clientcmd.Load(c.AdminKubeconfig())
		Expect(err).NotTo(HaveOccurred())
		contexts.Clusters[name], contexts.AuthInfos[name] = one.Clusters["default"], one.AuthInfos["default"]
		contexts.Contexts[name] = &clientcmdapi.Context{Cluster: name, AuthInfo: name}
	}
	contexts.CurrentContext = "hub"
	kubeconfig := filepath.Join(GinkgoT().TempDir(), "kubeconfig")
	Expect(clientcmd.WriteToFile(*contexts, kubeconfig)).To(Succeed())
	arguments := append([]string{"cluster", "--kubeconfig", kubeconfig, "--namespace", w.namespace}, words...)
	all, err := exec.Command(program, arguments...).CombinedOutput()
	return string(all), err
}

var _ = Describe("What SCMs and members repeat of their credentials", early, func() {
	It("is told nowhere, not in the dump of a crash either", func() {
		w := newWorld()
		s := &secrets{texts: map[string]string{}}
		s.overhear(w.scm)
		s.add("the App's key", string(w.pem))
		working := fleet(w, newFastClock())
		for _, f := range working {
			for what, secret := range f.secret {
				s.add("the "+what+" of "+f.name, string(secret))
			}
		}
		scms, members := w.parrots(s)
		metrics, probes := freeAddress(), freeAddress()
		// As of an API server that streams no lists: client-go may log what it lists.
		GinkgoT().Setenv("KUBE_FEATURE_WatchListClient", "false")
		hub := w.launch("--metrics-bind-address="+metrics, "--metrics-secure=false", "--health-probe-bind-address="+probes, "--zap-log-level=10")

		By("having SCMs asked that work, through a member that repeats")
		for _, f := range working {
			w.ask(usCluster, f.name, v1alpha1.PhaseSuccess, func(cs *v1alpha1.CommitStatus) { cs.Spec.GitRepoRef.Name = f.name })
		}
		for _, f := range working {
			w.synced(usCluster, f.name, v1alpha1.PhaseSuccess)
		}
		w.ask(usCluster, "refused", v1alpha1.PhaseSuccess, func(cs *v1alpha1.CommitStatus) { cs.Spec.GitRepoRef.Name = "gitlab" })
		Eventually(hub.log).Should(gbytes.Say("status refused by the member"))

		By("rotating the key of seals")
		w.rotateSealKey(s)

		By("having SCMs asked that repeat")
		for name, p := range scms {
			w.create(euCluster, repoOf(w.tenant, name, name, p.repository))
			w.ask(euCluster, name, v1alpha1.PhaseSuccess, func(cs *v1alpha1.CommitStatus) { cs.Spec.GitRepoRef.Name = name })
		}
		for name, p := range scms {
			if !p.unasked {
				Eventually(p.asked.Load).Should(BeNumerically(">", 0), name)
			}
			if !p.waits { // for longer than this spec does
				Eventually(w.reason(euCluster, name)).ShouldNot(BeEmpty(), name)
			}
		}

		By("reading all that there is to read")
		for name, p := range members {
			Eventually(func() string { return w.health(name) }).ShouldNot(BeEmpty(), name)
			Expect(p.asked.Load()).To(BeNumerically(">", 0), name)
		}
		w.expectUntold(s)
		for _, page := range []string{metrics + "/metrics", probes + "/healthz", probes + "/readyz"} {
			code, body := fetch("http://"+page, "")
			Expect(code).To(Equal(http.StatusOK), page)
			s.expectNotIn(page, body)
		}
		for _, output := range []string{"table", "json", "yaml"} {
			told, err := w.clusterCommand("list", "-o", output)
			Expect(err).NotTo(HaveOccurred())
			s.expectNotIn("cluster list -o "+output, told)
		}
		for name := range members {
			told, err := w.clusterCommand("check", name)
			Expect(err).To(HaveOccurred())
			s.expectNotIn("cluster check "+name, told)
		}

		By("crashing")
		hub.signal(syscall.SIGQUIT)
		Eventually(hub.ended).Should(BeClosed())
		log := string(hub.log.Contents())
		Expect(log).To(ContainSubstring("goroutine 1 "))
		Expect(s.kinds()).To(ContainElements("a JWT of the App", "an installation token", "a token", "the key of seals", "the previous key of seals"))
		s.expectNotIn("the log", log)
	})
})
