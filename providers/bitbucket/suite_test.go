package bitbucket

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
	fake "github.com/argoproj-labs/commit-status-hub/test/scm/bitbucket"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	repository = "acme/shop"
	sha        = "1f0c7d4b1e0f4c5a9d3b7e2a6c8f0d1e2b3a4c5d"
	unknown    = "0000000000000000000000000000000000000001"
	link       = "https://ci.example.com/1"
)

var (
	at     = providers.Target{Repository: repository, SHA: sha, Name: "x"}
	commit = providers.Commit{Repository: repository, SHA: sha}
	done   = providers.Status{Phase: v1alpha1.PhaseSuccess, Description: "d", URL: link}
)

// both runs a test for Cloud and for Data Center.
func both(t *testing.T, test func(*bench)) {
	t.Helper()
	for _, s := range []*service{cloud, center} {
		t.Run(s.title, func(t *testing.T) { test(newBench(t, s)) })
	}
}

// bench is a fake Bitbucket with a repository, and an account that may write to it.
type bench struct {
	*WithT
	t             *testing.T
	service       *service
	bitbucket     *fake.Server
	installations *ratelimit.Installations
	kind          *Kind
	provider      *v1alpha1.ScmProvider
	token         string
	account       providers.Account
}

func newBench(t *testing.T, s *service, opts ...fake.Option) *bench {
	t.Helper()
	installations := ratelimit.NewInstallations(clock.RealClock{})
	t.Cleanup(installations.CloseIdleConnections)
	b := &bench{WithT: NewWithT(t), t: t, service: s, installations: installations}
	if s == cloud {
		b.bitbucket, b.kind = fake.NewCloud(opts...), NewCloudKind(installations, clock.RealClock{})
	} else {
		b.bitbucket, b.kind = fake.NewDataCenter(opts...), NewDataCenterKind(installations, clock.RealClock{})
	}
	t.Cleanup(b.bitbucket.Close)
	b.bitbucket.AddRepo(repository, sha)
	b.token = b.bitbucket.AddToken("robot", "write")
	b.provider = provider(s, b.bitbucket.URL())
	b.account = b.open(map[string][]byte{"token": []byte(b.token)})
	return b
}

func provider(s *service, apiURL string) *v1alpha1.ScmProvider {
	p := &v1alpha1.ScmProvider{
		ObjectMeta: metav1.ObjectMeta{Name: "bitbucket", Namespace: "commit-status-system"},
		Spec:       v1alpha1.ScmProviderSpec{SecretRef: v1alpha1.ObjectReference{Name: "bitbucket-token"}},
	}
	if s == cloud {
		p.Spec.BitbucketCloud = &v1alpha1.BitbucketCloudSpec{APIURL: v1alpha1.APIURL(apiURL)}
	} else {
		p.Spec.BitbucketDataCenter = &v1alpha1.BitbucketDataCenterSpec{APIURL: v1alpha1.APIURL(apiURL)}
	}
	return p
}

func (b *bench) open(secret map[string][]byte) providers.Account {
	b.t.Helper()
	account, err := b.kind.Open(b.provider, secret)
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

func (b *bench) find(c providers.Client, at providers.Target) *providers.Shown {
	b.t.Helper()
	shown, err := c.Find(b.ctx(), at)
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

func withMethod(method string) func(*http.Request) bool {
	return func(r *http.Request) bool { return r.Method == method }
}

func method(r providercontract.Request) string {
	if r == providercontract.Write {
		return http.MethodPost
	}
	return http.MethodGet
}

// asShown is a build status as Render has it.
func asShown(b fake.Build) providers.Status {
	phase := map[string]v1alpha1.Phase{
		"INPROGRESS": "in_progress", "SUCCESSFUL": "success", "FAILED": "failure", "STOPPED": "canceled", "CANCELLED": "canceled",
	}[b.State]
	url := b.URL
	if strings.HasSuffix(url, "/commits/"+sha+"#commit-status-hub") {
		url = ""
	}
	return providers.Status{Phase: phase, Description: b.Description, URL: url}
}

// contractSCM describes a bench's Bitbucket to the contract's cases.
func contractSCM(b *bench) *providercontract.SCM {
	s := &providercontract.SCM{
		Kind: b.kind, Provider: b.provider, Secret: map[string][]byte{"token": []byte(b.token)}, Installations: b.installations,
		Repository: repository, SHA: sha, UnknownSHA: unknown,
		All: func(at providers.Target) []providers.Status {
			all := []providers.Status{}
			for _, build := range b.bitbucket.Builds(at.Repository, at.SHA) {
				if build.Key == keyOf(at.Name) && build.Name == at.Name {
					all = append(all, asShown(build))
				}
			}
			return all
		},
		Calls:  func() int { return len(b.bitbucket.Calls()) },
		Writes: func() int { return len(b.bitbucket.Writes()) },
		Edit: func(at providers.Target, to providers.Status) {
			b.bitbucket.SetBuild(at.Repository, at.SHA, fake.Build{
				Key: keyOf(at.Name), Name: at.Name, State: dialect{b.service}.stateOf(to.Phase), Description: to.Description, URL: to.URL,
			})
		},
		Move: func(to string) { b.bitbucket.MoveRepo(repository, to) },
		Paths: func() (n int) {
			for _, call := range b.bitbucket.Calls() {
				if call.Operation == fake.OpGetRepo && call.Status == 200 {
					n++
				}
			}
			return n
		},
		Delete: func(at providers.Target) { b.bitbucket.DeleteBuild(at.Repository, at.SHA, keyOf(at.Name)) },
	}
	s.Words = []string{"UNKNOWN", "OF_TOMORROW"}
	s.Word = func(at providers.Target, state string) {
		for _, build := range b.bitbucket.Builds(at.Repository, at.SHA) {
			if build.Key == keyOf(at.Name) {
				build.State = state
				b.bitbucket.SetBuild(at.Repository, at.SHA, build)
			}
		}
	}
	s.Inject = map[providercontract.Fault]func(providercontract.Request){
		providercontract.Unauthorized:   func(providercontract.Request) { b.bitbucket.RevokeTokens("robot") },
		providercontract.RepositoryGone: func(providercontract.Request) { b.bitbucket.RemoveRepo(repository) },
		providercontract.Forbidden: func(next providercontract.Request) {
			b.bitbucket.Inject(fake.Fault{
				Match: withMethod(method(next)), Times: -1, Status: 403,
				Body: `{"type": "error", "error": {"message": "Your credentials lack one or more required privilege scopes."}}`,
			})
		},
	}
	if b.service == center {
		// What lists there knows no repositories. A write is tested below.
		delete(s.Inject, providercontract.RepositoryGone)
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
			Status: 429, Body: "Rate limit for this resource has been exceeded",
			Header: http.Header{"Retry-After": {strconv.Itoa(int(providercontract.RetryAfter.Seconds()))}},
		},
	}
	for name, page := range providercontract.ProxyPages {
		kinds[name] = fake.Fault{Status: page.Status, Body: page.Body}
	}
	for name, fault := range kinds {
		if b.service == center && name == providercontract.CutBody {
			// The answer to a write has no body there.
			continue
		}
		s.Inject[name] = func(next providercontract.Request) {
			fault.Match = withMethod(method(next))
			b.bitbucket.Inject(fault)
		}
	}
	return s
}

func TestContract(t *testing.T) {
	for _, s := range []*service{cloud, center} {
		t.Run(s.title, func(t *testing.T) {
			providercontract.Run(t, func(t *testing.T) *providercontract.SCM { return contractSCM(newBench(t, s)) })
		})
	}
}
