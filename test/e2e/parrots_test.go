package e2e

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"path"
	"strings"
	"sync/atomic"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
)

// answers gives an answer that tells what it was asked with.
type answers func(out http.ResponseWriter, r *http.Request, said string)

// parrot is an SCM, or the API server of a member, that tells in its answers whatever
// it is asked with.
type parrot struct {
	*httptest.Server
	asked      atomic.Int64
	repository string
	// unasked says that the hub never sends it a request, and waits that its answers
	// have the hub wait.
	unasked, waits bool
}

// newParrot makes one whose answers come from answer. Their credentials are secrets.
func newParrot(s *secrets, start func(http.Handler) *httptest.Server, answer answers) *parrot {
	p := &parrot{}
	p.Server = start(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		s.heard(r)
		answer(out, r, told(r.Header.Get("Authorization")))
		p.asked.Add(1)
	}))
	DeferCleanup(func() {
		p.CloseClientConnections()
		p.Close()
	})
	return p
}

// told is a credential as servers may repeat it, in one line.
func told(authorization string) string {
	scheme, credential, _ := strings.Cut(authorization, " ")
	words := []string{authorization, url.QueryEscape(authorization)}
	if plain, err := base64.StdEncoding.DecodeString(credential); err == nil && scheme == "Basic" {
		words = append([]string{string(plain)}, words...)
	}
	return strings.Join(words, " ")
}

// say answers in JSON, and repeats what was said in headers too.
func say(out http.ResponseWriter, status int, said string, body any) {
	h := out.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Www-Authenticate", "Bearer realm=\""+said+"\"")
	h.Add("Warning", "299 - \""+said+"\"")
	h.Set("X-Github-Request-Id", said)
	h.Set("X-Ratelimit-Reset", said)
	out.WriteHeader(status)
	_ = json.NewEncoder(out).Encode(body)
}

// everything is a body that has the same words wherever an SCM or a member has words.
func everything(said string) map[string]any {
	all := map[string]any{}
	for _, field := range []string{
		"id", "name", "state", "status", "sha", "created_at", "expires_at", "token", "login", "username", "context", "kind", "apiVersion",
		"description", "key", "url", "check_runs", "values", "account", "permissions", "gitVersion", "groups", "items", "metadata",
	} {
		all[field] = said
	}
	return all
}

// raw answers with bytes that are no HTTP.
func raw(out http.ResponseWriter, text string) {
	conn, _, err := http.NewResponseController(out).Hijack()
	if err != nil {
		return
	}
	defer conn.Close()
	_, _ = conn.Write([]byte(text))
}

// moods are ways to answer that SCMs and members have in common.
func moods() map[string]answers {
	return map[string]answers{
		"page": func(out http.ResponseWriter, _ *http.Request, said string) {
			http.Error(out, said, http.StatusInternalServerError)
		},
		"nonsense": func(out http.ResponseWriter, _ *http.Request, said string) {
			say(out, http.StatusOK, said, everything(said))
		},
		"prose": func(out http.ResponseWriter, _ *http.Request, said string) { _, _ = out.Write([]byte(said)) },
		"moved": func(out http.ResponseWriter, _ *http.Request, said string) {
			out.Header().Set("Location", "https://user:"+url.PathEscape(said)+"@elsewhere.example/"+url.PathEscape(said))
			out.WriteHeader(http.StatusTemporaryRedirect)
		},
		"garbled": func(out http.ResponseWriter, _ *http.Request, said string) { raw(out, said+"\r\n\r\n") },
		"status":  func(out http.ResponseWriter, _ *http.Request, said string) { raw(out, "HTTP/1.1 "+said+"\r\n\r\n") },
		"bad-line": func(out http.ResponseWriter, _ *http.Request, said string) {
			raw(out, "HTTP/1.1 200 OK\r\n"+said+"\r\n\r\n")
		},
		"bad-length": func(out http.ResponseWriter, _ *http.Request, said string) {
			raw(out, "HTTP/1.1 200 OK\r\nContent-Length: "+said+"\r\n\r\n")
		},
		"bad-chunk": func(out http.ResponseWriter, _ *http.Request, said string) {
			raw(out, "HTTP/1.1 200 OK\r\nTransfer-Encoding: "+said+"\r\n\r\n")
		},
	}
}

// scmKind is an SCM that a parrot plays.
type scmKind struct {
	repository string
	spec       func(api string) v1alpha1.ScmProviderSpec
	secret     map[string][]byte
	// complaint is the body of a refusal.
	complaint func(said string) any
	// helps says what is answered as a GitHub should.
	helps func(*http.Request) bool
}

// scmKinds are all SCMs, and all sorts of credentials.
func (w *world) scmKinds() map[string]scmKind {
	onGitHub := func(said string) any {
		return map[string]any{"message": said, "documentation_url": said, "errors": []any{said, map[string]string{"field": said, "message": said, "code": said}}}
	}
	app := func(api string) v1alpha1.ScmProviderSpec {
		return v1alpha1.ScmProviderSpec{GitHub: &v1alpha1.GitHubSpec{APIURL: v1alpha1.APIURL(api), AppID: appID, InstallationID: installationID}}
	}
	none := func(*http.Request) bool { return false }
	key := map[string][]byte{"privateKey": w.pem}
	cloud := func(api string) v1alpha1.ScmProviderSpec {
		return v1alpha1.ScmProviderSpec{BitbucketCloud: &v1alpha1.BitbucketCloudSpec{APIURL: v1alpha1.APIURL(api + "/2.0")}}
	}
	onCloud := func(said string) any { return map[string]any{"error": map[string]string{"message": said}} }
	return map[string]scmKind{
		"github-app": {"acme/shop", app, key, onGitHub, func(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, "/app/") }},
		"github-jwt": {"acme/shop", app, key, onGitHub, none},
		"github-token": {"acme/shop", func(api string) v1alpha1.ScmProviderSpec {
			return v1alpha1.ScmProviderSpec{GitHub: &v1alpha1.GitHubSpec{APIURL: v1alpha1.APIURL(api)}}
		}, byToken("ghp_canaryCanaryCanary0123456789abcdef"), onGitHub, none},
		"gitlab": {"acme/shop", func(api string) v1alpha1.ScmProviderSpec {
			return v1alpha1.ScmProviderSpec{GitLab: &v1alpha1.GitLabSpec{APIURL: v1alpha1.APIURL(api + "/api/v4")}}
		}, byToken("glpat-canary-Canary_0123456789"), func(said string) any {
			return map[string]any{"message": map[string]any{"name": []string{said}}, "error_description": said}
		}, none},
		"gitea": {"acme/shop", func(api string) v1alpha1.ScmProviderSpec {
			return v1alpha1.ScmProviderSpec{Gitea: &v1alpha1.GiteaSpec{APIURL: v1alpha1.APIURL(api + "/api/v1")}}
		}, byToken("canary0123456789canary0123456789canary01"), onGitHub, none},
		"cloud": {"acme/shop", cloud, map[string][]byte{
			"username": []byte("canary@example.com"), "token": []byte("ATATT3xCanary/Canary+0123456789=CAFE0123"),
		}, onCloud, none},
		"cloud-token": {"acme/shop", cloud, byToken("ATCTT3xCanary/Canary+9876543210=CAFE9876"), onCloud, none},
		"center": {"ACME/shop", func(api string) v1alpha1.ScmProviderSpec {
			return v1alpha1.ScmProviderSpec{BitbucketDataCenter: &v1alpha1.BitbucketDataCenterSpec{APIURL: v1alpha1.APIURL(api + "/rest/api/latest")}}
		}, byToken("BBDC-Canary/Canary+0123456789Canary+01234567"), func(said string) any {
			return map[string]any{"errors": []any{map[string]string{"message": said, "exceptionName": said}}}
		}, none},
	}
}

// scmMoods are all ways in which an SCM answers.
func (k scmKind) scmMoods() map[string]answers {
	all := moods()
	for _, status := range []int{400, 401, 403, 404, 409, 422, 429, 503} {
		all[fmt.Sprint(status)] = func(out http.ResponseWriter, _ *http.Request, said string) {
			say(out, status, said, k.complaint(said))
		}
	}
	all["paused"] = func(out http.ResponseWriter, _ *http.Request, said string) {
		out.Header().Set("Retry-After", said)
		say(out, http.StatusTooManyRequests, said, k.complaint("secondary rate limit "+said))
	}
	return all
}

// memberMoods are all ways in which a member answers.
func memberMoods() map[string]answers {
	all := moods()
	for _, status := range []int{401, 403, 404, 409, 422, 429, 500} {
		all[fmt.Sprint(status)] = func(out http.ResponseWriter, _ *http.Request, said string) {
			say(out, status, said, complaintOf(status, said))
		}
	}
	return all
}

// complaintOf is a Status with the same words everywhere.
func complaintOf(status int, said string) *metav1.Status {
	reason := map[int]metav1.StatusReason{
		401: metav1.StatusReasonUnauthorized, 403: metav1.StatusReasonForbidden, 404: metav1.StatusReasonNotFound,
		409: metav1.StatusReasonConflict, 422: metav1.StatusReasonInvalid,
	}
	return &metav1.Status{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Status"}, Status: metav1.StatusFailure, Code: int32(status),
		Reason: reason[status], Message: said, Details: &metav1.StatusDetails{
			Name: said, Kind: said, Group: said, Causes: []metav1.StatusCause{{Type: metav1.CauseType(said), Message: said, Field: said}},
		},
	}
}

// parrots makes a ScmProvider for each kind of SCM in each mood, and as many members.
// The member us works, and repeats what it can.
func (w *world) parrots(s *secrets) (scms, members map[string]*parrot) {
	GinkgoHelper()
	scms, members = map[string]*parrot{}, map[string]*parrot{}
	helper, err := url.Parse(w.scm.URL())
	Expect(err).NotTo(HaveOccurred())
	help := httputil.NewSingleHostReverseProxy(helper)
	for kind, k := range w.scmKinds() {
		play := func(mood string, p *parrot) {
			name := kind + "-" + mood
			p.repository, p.waits = k.repository+"-"+mood, mood == "429" || mood == "paused"
			scms[name] = p
			w.scmFor(s, name, k, p)
		}
		for mood, answer := range k.scmMoods() {
			play(mood, newParrot(s, httptest.NewServer, func(out http.ResponseWriter, r *http.Request, said string) {
				if k.helps(r) {
					help.ServeHTTP(out, r)
					return
				}
				answer(out, r, said)
			}))
		}
		strange := newParrot(s, httptest.NewTLSServer, moods()["page"])
		strange.unasked = true
		play("untrusted", strange)
		if k.secret["token"] != nil {
			p := newParrot(s, httptest.NewServer, moods()["page"])
			p.unasked = true
			k.secret = byToken(string(k.secret["token"]) + "\nX-Second-Line: canary-of-the-second-line")
			play("newline", p)
		}
	}
	for mood, answer := range memberMoods() {
		name := "member-" + mood
		members[name] = newParrot(s, httptest.NewTLSServer, answer)
		token := "canary-of-" + name + "-0123456789-0123456789"
		s.add("the token of "+name, token)
		w.member(name, kubeconfigOf(members[name].Server, token))
	}
	w.member("eu", euCluster.Kubeconfig())
	w.member("us", kubeconfigOf(repeating(s).Server, usCluster.Config.BearerToken))
	s.add("the token of us", usCluster.Config.BearerToken)
	s.add("the token of eu", euCluster.Config.BearerToken)
	return scms, members
}

// scmFor makes the ScmProvider and the Secret for a parrot.
func (w *world) scmFor(s *secrets, name string, k scmKind, p *parrot) {
	GinkgoHelper()
	for value, secret := range k.secret {
		s.add("the "+value+" of "+name, string(secret))
	}
	w.create(hubCluster, &corev1.Secret{ObjectMeta: objectMeta(w.namespace, name), Data: k.secret})
	w.provider(func(provider *v1alpha1.ScmProvider) {
		provider.Name, provider.Spec = name, k.spec(p.URL)
		provider.Spec.SecretRef.Name = name
		provider.Spec.Grants = []v1alpha1.Grant{{Clusters: []v1alpha1.Pattern{"*"}, Repositories: []v1alpha1.Pattern{"**"}}}
	})
}

// repeating is the member us, which works, but warns in each answer, breaks off the
// first watches, refuses the first patches, and one object for ever.
func repeating(s *secrets) *parrot {
	GinkgoHelper()
	target, _, err := rest.DefaultServerUrlFor(usCluster.Config)
	Expect(err).NotTo(HaveOccurred())
	transport, err := rest.TransportFor(rest.AnonymousClientConfig(usCluster.Config))
	Expect(err).NotTo(HaveOccurred())
	proxy := httputil.NewSingleHostReverseProxy(target)
	proxy.Transport, proxy.FlushInterval = transport, -1
	var watches, patches atomic.Int64
	refusals := []int{http.StatusForbidden, http.StatusInternalServerError}
	return newParrot(s, httptest.NewTLSServer, func(out http.ResponseWriter, r *http.Request, said string) {
		out.Header().Add("Warning", "299 - \""+said+"\"")
		if r.URL.Query().Get("watch") != "" && watches.Add(1) <= 4 {
			event, _ := json.Marshal(map[string]any{"type": "ERROR", "object": complaintOf(http.StatusInternalServerError, said)})
			out.Header().Set("Content-Type", "application/json")
			_, _ = out.Write(event)
			return
		}
		if r.Method == http.MethodPatch && strings.HasSuffix(r.URL.Path, "/refused/status") {
			say(out, http.StatusUnprocessableEntity, said, complaintOf(http.StatusUnprocessableEntity, said))
			return
		}
		if r.Method == http.MethodPatch && path.Base(r.URL.Path) == "status" {
			if n := int(patches.Add(1)) - 1; n < len(refusals) {
				say(out, refusals[n], said, complaintOf(refusals[n], said))
				return
			}
		}
		proxy.ServeHTTP(out, r)
	})
}

// health is what the hub has written about a member.
func (w *world) health(name string) string {
	GinkgoHelper()
	secret := &corev1.Secret{}
	Expect(hubCluster.Client.Get(w.ctx, types.NamespacedName{Namespace: w.namespace, Name: name}, secret)).To(Succeed())
	return secret.Annotations["commit-status.argoproj.io/health"]
}
