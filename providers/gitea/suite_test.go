package gitea

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

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
	*WithT
	t             *testing.T
	gitea         *fake.Server
	installations *ratelimit.Installations
	kind          *Kind
	provider      *v1alpha1.ScmProvider
	token         string
	account       providers.Account
}

func newBench(t *testing.T, opts ...fake.UserOption) *bench {
	t.Helper()
	server := fake.New()
	t.Cleanup(server.Close)
	installations := ratelimit.NewInstallations(clock.RealClock{})
	t.Cleanup(installations.CloseIdleConnections)
	b := &bench{
		WithT: NewWithT(t), t: t, gitea: server, installations: installations,
		kind: NewKind(installations, clock.RealClock{}), token: server.AddUser("robot", opts...),
	}
	server.AddRepo(repository, sha)
	server.Grant(repository, "robot", "write")
	b.provider = provider(server.URL())
	b.account = b.open(b.token)
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
	b.t.Helper()
	account, err := b.kind.Open(b.provider, map[string][]byte{"token": []byte(token)})
	b.Expect(err).NotTo(HaveOccurred())
	return account
}

func (b *bench) client() providers.Client {
	b.t.Helper()
	c, err := b.account.Client(b.ctx(), repository)
	b.Expect(err).NotTo(HaveOccurred())
	return c
}

func (b *bench) ctx() context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	b.t.Cleanup(cancel)
	return ctx
}

func (b *bench) count(operation string) int {
	n := 0
	for _, call := range b.gitea.Calls() {
		if call.Operation == operation {
			n++
		}
	}
	return n
}

func (b *bench) fails(err error, reason string) *providers.Error {
	b.t.Helper()
	b.Expect(err).To(HaveOccurred())
	b.Expect(err).To(BeAssignableToTypeOf(&providers.Error{}))
	e := providers.AsError(err)
	b.Expect(e.Reason).To(Equal(reason), e.Message)
	b.Expect(e.Message).NotTo(ContainSubstring(b.token))
	b.Expect(e.Message).NotTo(ContainSubstring("http://"))
	return e
}

func (b *bench) create(c providers.Client, at providers.Target, want providers.Status) providers.Shown {
	b.t.Helper()
	shown, err := c.Create(b.ctx(), at, want)
	b.Expect(err).NotTo(HaveOccurred())
	return shown
}

func (b *bench) list(c providers.Client) map[string]providers.Listed {
	b.t.Helper()
	listing, err := c.List(b.ctx(), commit, "")
	b.Expect(err).NotTo(HaveOccurred())
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
	s := &providercontract.SCM{
		Kind: b.kind, Provider: b.provider, Secret: map[string][]byte{"token": []byte(b.token)}, Installations: b.installations,
		Repository: repository, SHA: sha, UnknownSHA: unknown,
		All: func(at providers.Target) []providers.Status {
			all := []providers.Status{}
			for _, st := range b.gitea.Statuses(at.Repository, at.SHA) {
				phase := map[string]v1alpha1.Phase{"pending": "queued", "success": "success", "failure": "failure"}[st.State]
				if nameOf(st.Context) == at.Name {
					all = append(all, providers.Status{Phase: phase, Description: st.Description, URL: st.TargetURL})
				}
			}
			return all
		},
		Calls:  func() int { return b.count(fake.OpCreateStatus) + b.count(fake.OpListStatuses) },
		Writes: func() int { return len(b.gitea.Writes()) },
		Edit: func(at providers.Target, to providers.Status) {
			b.gitea.AddStatus(at.Repository, at.SHA, fake.Status{
				Context: contextOf(at.Name), State: stateOf(to.Phase), Description: to.Description, TargetURL: to.URL, Creator: "stranger",
			})
		},
		Move: func(to string) { b.gitea.RenameRepo(repository, to) },
		Paths: func() (n int) {
			for _, call := range b.gitea.Calls() {
				if call.Operation == fake.OpGetRepo && call.Status == 200 {
					n++
				}
			}
			return n
		},
		Delete: func(at providers.Target) { b.gitea.DeleteStatuses(at.Repository, at.SHA, contextOf(at.Name)) },
	}
	s.Other = s.Edit
	// What others wrote in our name, with the same token.
	s.Words = []string{"warning", "skipped", "of_tomorrow"}
	s.Word = func(at providers.Target, state string) {
		b.gitea.AddStatus(at.Repository, at.SHA, fake.Status{Context: contextOf(at.Name), State: state, Description: "d", TargetURL: link, Creator: "robot"})
	}
	s.Inject = map[providercontract.Fault]func(providercontract.Request){
		providercontract.Unauthorized:   func(providercontract.Request) { b.gitea.RevokeToken(b.token) },
		providercontract.RepositoryGone: func(providercontract.Request) { b.gitea.RemoveRepo(repository) },
		providercontract.Forbidden: func(next providercontract.Request) {
			b.gitea.Inject(fake.Fault{
				Match: forStatuses(method(next)), Times: -1, Status: 403,
				Body: `{"message":"user should have a permission to write to a repo","url":"http://localhost:3000/api/swagger"}`,
			})
		},
	}
	kinds := map[providercontract.Fault]fake.Fault{
		providercontract.LostBefore:  {DropBefore: true},
		providercontract.LostAfter:   {DropAfter: true},
		providercontract.CutBody:     {CutBody: true},
		providercontract.Hang:        {Hang: true},
		providercontract.ServerError: {Status: 502, Body: "<html>Bad Gateway</html>"},
		providercontract.Page:        {Status: 200, Body: "<html>Sign in</html>"},
		providercontract.Empty:       {Status: 200},
		providercontract.Redirect:    {Status: 307, Header: http.Header{"Location": {"https://elsewhere.example.com/"}}},
		providercontract.TooManyRequests: {
			Status: 429, Body: "<html>429 Too Many Requests</html>",
			Header: http.Header{"Retry-After": {strconv.Itoa(int(providercontract.RetryAfter.Seconds()))}},
		},
	}
	for name, page := range providercontract.ProxyPages {
		kinds[name] = fake.Fault{Status: page.Status, Body: page.Body}
	}
	for name, fault := range kinds {
		s.Inject[name] = func(next providercontract.Request) {
			fault.Match = forStatuses(method(next))
			b.gitea.Inject(fault)
		}
	}
	return s
}

func method(r providercontract.Request) string {
	if r == providercontract.Write {
		return http.MethodPost
	}
	return http.MethodGet
}

// An administrator is told what went wrong; TestWhatGiteaKeepsToItself is about all
// others.
func TestContract(t *testing.T) {
	providercontract.Run(t, func(t *testing.T) *providercontract.SCM { return contractSCM(newBench(t, fake.Admin())) })
}
