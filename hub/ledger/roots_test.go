package ledger

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
	"github.com/argoproj-labs/commit-status-hub/providers/gitea"
	"github.com/argoproj-labs/commit-status-hub/ratelimit"
	fakegitea "github.com/argoproj-labs/commit-status-hub/test/scm/gitea"
)

// behind serves SCMs under paths of one host.
func behind(t *testing.T, roots map[string]string) (host string) {
	t.Helper()
	mux := http.NewServeMux()
	for path, root := range roots {
		to, err := url.Parse(root)
		if err != nil {
			t.Fatal(err)
		}
		mux.Handle(path+"/", http.StripPrefix(path, &httputil.ReverseProxy{
			Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(to) },
			ModifyResponse: func(r *http.Response) error {
				if at := r.Header.Get("Location"); at != "" {
					r.Header.Set("Location", path+at)
				}
				return nil
			},
		}))
	}
	front := httptest.NewServer(mux)
	t.Cleanup(front.Close)
	return front.URL
}

// TestSCMs_UnderTwoPathsOfOneHostAreTwo has two Giteas with a repository of the same name and
// the same commit, whose ScmProviders use Secrets of the same name.
func TestSCMs_UnderTwoPathsOfOneHostAreTwo(t *testing.T) {
	f := atNow(t)
	fakes, roots := map[string]*fakegitea.Server{}, map[string]string{}
	for _, path := range []string{"/a", "/b"} {
		server := fakegitea.New(fakegitea.WithClock(f.now))
		t.Cleanup(server.Close)
		server.AddRepo("acme/shop", testSHA)
		fakes[path], roots[path] = server, server.Root()
	}
	host := behind(t, roots)
	spec := func(path string) v1alpha1.ScmProviderSpec {
		return v1alpha1.ScmProviderSpec{Gitea: &v1alpha1.GiteaSpec{APIURL: v1alpha1.APIURL(host + path + "/api/v1")}}
	}
	token := func(path string) map[string][]byte {
		token := fakes[path].AddUser("robot")
		fakes[path].Grant("acme/shop", "robot", "write")
		return map[string][]byte{"token": []byte(token)}
	}
	w := newSCMWorld(t, spec("/a"), token("/a"), fakes["/a"],
		func(i *ratelimit.Installations, f *fleet) providers.Kind { return gitea.NewKind(i, f.now) }, f)

	other := &v1alpha1.ScmProvider{ObjectMeta: metav1.ObjectMeta{Name: "other"}, Spec: spec("/b")}
	other.Spec.SecretRef, other.Spec.Grants, other.Spec.RateLimit = w.provider.Spec.SecretRef, w.provider.Spec.Grants, w.provider.Spec.RateLimit
	w.apply(w.SetScmProvider("other", CompileScmProvider(providers.NewRegistry(w.kind), other, token("/b"))))
	w.hear("us")
	repo := testRepo()
	repo.Spec.ScmProviderRef.Name = "other"
	w.apply(w.SetRepo("us", w.token["us"], types.NamespacedName{Namespace: "team-a", Name: "shop"}, repo))

	w.want("build", "success")
	cs := testStatus(wants("failure"))
	cs.UID = "uid-in-us"
	w.apply(w.SetObject("us", w.token["us"], cs))
	w.run(time.Minute)
	w.g.Expect(w.keys).To(Equal(2))
	w.g.Expect(w.keys).To(Equal(2))
	w.g.Expect(w.repo("build")).To(HaveSuffix("/a/Acme/Shop"))
	us := w.published("us")
	w.g.Expect(us.Repo).To(HaveSuffix("/b/Acme/Shop"))
	w.g.Expect(readyOf(us).Reason).To(Equal(v1alpha1.ReasonSynced), "neither is in the other's way")
	for path, state := range map[string]string{"/a": "success", "/b": "failure"} {
		w.g.Expect(fakes[path].Statuses("acme/shop", testSHA)).To(HaveExactElements(HaveField("State", state)), path)
	}
	lane := func(name string) string { lane, _ := w.scms[name].account.Lane("acme/shop"); return lane }
	w.g.Expect(lane("acme")).NotTo(Equal(lane("other")))
	w.g.Expect(sameWriter(w.scms["acme"], w.scms["other"])).To(BeFalse())

	seals := &Seals{}
	seals.Set([]byte("0123456789abcdef0123456789abcdef"), nil)
	here := *us.DeepCopy()
	here.Provider.Seal = seals.Of("uid-in-us", here)
	w.g.Expect(seals.Right("uid-in-us", here)).To(BeTrue())
	here.Repo = w.objectAt(ObjectID{Cluster: "eu", Namespace: "team-a", Name: "build"}).statusNow().Repo
	w.g.Expect(seals.Right("uid-in-us", here)).To(BeFalse(), "a seal is of one SCM")

	fakes["/a"].RenameRepo("acme/shop", "acme/market")
	w.want("build", "failure")
	w.run(time.Minute)
	w.g.Expect(w.repo("build")).To(HaveSuffix("/a/acme/market"))
	w.g.Expect(w.published("us")).To(BeNil(), "the other SCM's repository has not moved")
	w.g.Expect(w.scms["other"].moves.all()).To(BeEmpty())
}
