package syncer_test

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger/ledgertest"
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
		server := fakegitea.New(fakegitea.WithClock(f.Clock))
		t.Cleanup(server.Close)
		server.AddRepo("acme/shop", ledgertest.SHA)
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
		func(i *ratelimit.Installations, f *ledgertest.Fleet) providers.Kind { return gitea.NewKind(i, f.Clock) }, f)

	other := &v1alpha1.ScmProvider{ObjectMeta: metav1.ObjectMeta{Name: "other"}, Spec: spec("/b")}
	other.Spec.SecretRef, other.Spec.Grants, other.Spec.RateLimit = w.provider.Spec.SecretRef, w.provider.Spec.Grants, w.provider.Spec.RateLimit
	w.apply(w.SetScmProvider("other", ledger.CompileScmProvider(providers.NewRegistry(w.kind), other, token("/b"))))
	w.Hear("us")
	repo := ledgertest.GitRepo()
	repo.Spec.ScmProviderRef.Name = "other"
	w.apply(w.SetRepo("us", w.Token["us"], types.NamespacedName{Namespace: "team-a", Name: "shop"}, repo))

	w.want("build", "success")
	cs := ledgertest.CommitStatus(ledgertest.Wants("failure"))
	cs.UID = "uid-in-us"
	w.apply(w.SetObject("us", w.Token["us"], cs))
	w.run(time.Minute)
	w.G.Expect(w.Count().Keys).To(Equal(2))
	w.G.Expect(w.repo("build")).To(HaveSuffix("/a/Acme/Shop"))
	us := w.Published("us")
	w.G.Expect(us.Repo).To(HaveSuffix("/b/Acme/Shop"))
	w.G.Expect(ledgertest.ReadyOf(us).Reason).To(Equal(v1alpha1.ReasonSynced), "neither is in the other's way")
	for path, state := range map[string]string{"/a": "success", "/b": "failure"} {
		w.G.Expect(fakes[path].Statuses("acme/shop", ledgertest.SHA)).To(HaveExactElements(HaveField("State", state)), path)
	}
	key := func(path string) ledger.Key {
		return ledger.Key{Kind: "gitea", Host: strings.TrimPrefix(host, "http://") + path, Repository: "acme/shop", SHA: ledgertest.SHA, Name: "build"}
	}
	job := func(path string) ledger.Job {
		job, _, ok := w.Job(key(path))
		w.G.Expect(ok).To(BeTrue())
		return job
	}
	lane := func(path string) string {
		lane, _ := job(path).Account.Lane("acme/shop")
		return lane
	}
	w.G.Expect(lane("/a")).NotTo(Equal(lane("/b")))
	w.G.Expect(job("/a").Account.Writer()).NotTo(Equal(job("/b").Account.Writer()))

	seals := &ledger.Seals{}
	seals.Set([]byte("0123456789abcdef0123456789abcdef"), nil)
	here := *us.DeepCopy()
	here.Provider.Seal = seals.Of("uid-in-us", here)
	w.G.Expect(seals.Right("uid-in-us", here)).To(BeTrue())
	here.Repo = w.status("build").Repo
	w.G.Expect(seals.Right("uid-in-us", here)).To(BeFalse(), "a seal is of one SCM")

	fakes["/a"].RenameRepo("acme/shop", "acme/market")
	w.want("build", "failure")
	w.run(time.Minute)
	w.G.Expect(w.repo("build")).To(HaveSuffix("/a/acme/market"))
	w.G.Expect(w.Published("us")).To(BeNil(), "the other SCM's repository has not moved")
	w.G.Expect(w.MovesOf(job("/b")).Repositories).To(BeEmpty())
}
