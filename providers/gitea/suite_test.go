package gitea

import (
	"net/http"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
	"go.uber.org/goleak"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/clock"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
	"github.com/argoproj-labs/commit-status-hub/ratelimit"
	"github.com/argoproj-labs/commit-status-hub/test/providercontract"
	fake "github.com/argoproj-labs/commit-status-hub/test/scm/gitea"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	repository = "acme/shop"
	sha        = "1f0c7d4b1e0f4c5a9d3b7e2a6c8f0d1e2b3a4c5d"
	unknown    = "0000000000000000000000000000000000000001"
	lane       = "/secret/gitea-token"
	link       = "https://ci.example.com/1"
)

var (
	at     = providers.Target{Repository: repository, SHA: sha, Name: "x"}
	commit = providers.Commit{Repository: repository, SHA: sha}
	done   = providers.Status{Phase: v1alpha1.PhaseSuccess, Description: "d", URL: link}
)

// bench is a fake Gitea with a user who may write to a repository, and an account
// of that user.
type bench struct {
	*providercontract.Bench
	gitea *fake.Server
	token string
}

func newBench(t *testing.T, opts ...fake.UserOption) *bench {
	t.Helper()
	server := fake.New()
	t.Cleanup(server.Close)
	installations := ratelimit.NewInstallations(clock.RealClock{})
	b := &bench{gitea: server, token: server.AddUser("robot", opts...)}
	server.AddRepo(repository, sha)
	server.Grant(repository, "robot", "write")
	b.Bench = providercontract.NewBench(t, &providercontract.SCM{
		Kind: NewKind(installations, clock.RealClock{}), Provider: provider(server.URL()), Secret: map[string][]byte{"token": []byte(b.token)},
		Installations: installations, Repository: repository, SHA: sha, UnknownSHA: unknown,
	})
	return b
}

func provider(apiURL string) *v1alpha1.ScmProvider {
	return &v1alpha1.ScmProvider{
		ObjectMeta: metav1.ObjectMeta{Name: "gitea", Namespace: "commit-status-system"},
		Spec: v1alpha1.ScmProviderSpec{
			Gitea:     &v1alpha1.GiteaSpec{APIURL: v1alpha1.APIURL(apiURL)},
			SecretRef: v1alpha1.ObjectReference{Name: "gitea-token"},
		},
	}
}

func (b *bench) open(token string) providers.Account {
	b.T.Helper()
	return b.OpenAs(b.Provider, map[string][]byte{"token": []byte(token)})
}

func (b *bench) list(c providers.Client) map[string]providers.Listed {
	b.T.Helper()
	listing := b.List(c, "")
	b.Expect(listing.Tag).To(BeEmpty())
	b.Expect(listing.Marked).To(BeFalse())
	return listing.Statuses
}

// forStatuses matches the requests for statuses.
func forStatuses(method string) func(*http.Request) bool {
	return func(r *http.Request) bool { return r.Method == method && strings.Contains(r.URL.Path, "/statuses/") }
}

// contractSCM describes a bench's Gitea to the contract's cases.
func contractSCM(b *bench) *providercontract.SCM {
	s := b.SCM
	s.All = func(at providers.Target) []providers.Status {
		all := []providers.Status{}
		for _, st := range b.gitea.Statuses(at.Repository, at.SHA) {
			phase := map[string]v1alpha1.Phase{"pending": "queued", "success": "success", "failure": "failure"}[st.State]
			if nameOf(st.Context) == at.Name {
				all = append(all, providers.Status{Phase: phase, Description: st.Description, URL: st.TargetURL})
			}
		}
		return all
	}
	s.Calls = func() int { return providercontract.Count(b.gitea, fake.OpCreateStatus, fake.OpListStatuses) }
	s.Writes = func() int { return len(b.gitea.Writes()) }
	s.Edit = func(at providers.Target, to providers.Status) {
		b.gitea.AddStatus(at.Repository, at.SHA, fake.Status{
			Context: contextOf(at.Name), State: stateOf(to.Phase), Description: to.Description, TargetURL: to.URL, Creator: "stranger",
		})
	}
	s.Other = s.Edit
	s.Move = func(to string) { b.gitea.RenameRepo(repository, to) }
	s.Paths = func() int { return providercontract.Answered(b.gitea, fake.OpGetRepo) }
	s.Delete = func(at providers.Target) { b.gitea.DeleteStatuses(at.Repository, at.SHA, contextOf(at.Name)) }
	// What others wrote in our name, with the same token.
	s.Words = []string{"warning", "skipped", "of_tomorrow"}
	s.Word = func(at providers.Target, state string) {
		b.gitea.AddStatus(at.Repository, at.SHA, fake.Status{Context: contextOf(at.Name), State: state, Description: "d", TargetURL: link, Creator: "robot"})
	}
	s.Inject = providercontract.FaultsOf(b.gitea,
		func(next providercontract.Request, r *http.Request) bool {
			return strings.Contains(r.URL.Path, "/statuses/") && next.Is(r)
		},
		map[providercontract.Fault]fake.Fault{
			providercontract.TooManyRequests: {Status: 429, Body: "<html>429 Too Many Requests</html>"},
			providercontract.Forbidden: {
				Times: -1, Status: 403, Body: `{"message":"user should have a permission to write to a repo","url":"http://localhost:3000/api/swagger"}`,
			},
		})
	s.Inject[providercontract.Unauthorized] = func(providercontract.Request) { b.gitea.RevokeToken(b.token) }
	s.Inject[providercontract.RepositoryGone] = func(providercontract.Request) { b.gitea.RemoveRepo(repository) }
	return s
}

// An administrator is told what went wrong; TestWhatGiteaKeepsToItself is about all
// others.
func TestContract(t *testing.T) {
	providercontract.Run(t, func(t *testing.T) *providercontract.SCM { return contractSCM(newBench(t, fake.Admin())) })
}
