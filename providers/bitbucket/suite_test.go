package bitbucket

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
	*providercontract.Bench
	service   *service
	bitbucket *fake.Server
	token     string
}

func newBench(t *testing.T, s *service, opts ...fake.Option) *bench {
	t.Helper()
	installations := ratelimit.NewInstallations(clock.RealClock{})
	b := &bench{service: s}
	var kind *Kind
	if s == cloud {
		b.bitbucket, kind = fake.NewCloud(opts...), NewCloudKind(installations, clock.RealClock{})
	} else {
		b.bitbucket, kind = fake.NewDataCenter(opts...), NewDataCenterKind(installations, clock.RealClock{})
	}
	t.Cleanup(b.bitbucket.Close)
	b.bitbucket.AddRepo(repository, sha)
	b.token = b.bitbucket.AddToken("robot", "write")
	b.Bench = providercontract.NewBench(t, &providercontract.SCM{
		Kind: kind, Provider: provider(s, b.bitbucket.URL()), Secret: map[string][]byte{"token": []byte(b.token)},
		Installations: installations, Repository: repository, SHA: sha, UnknownSHA: unknown,
	})
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

func (b *bench) list(c providers.Client) map[string]providers.Listed {
	b.T.Helper()
	listing := b.List(c, "")
	b.Expect(listing.Tag).To(BeEmpty())
	b.Expect(listing.Marked).To(BeFalse())
	return listing.Statuses
}

func withMethod(method string) func(*http.Request) bool {
	return func(r *http.Request) bool { return r.Method == method }
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
	s := b.SCM
	s.All = func(at providers.Target) []providers.Status {
		all := []providers.Status{}
		for _, build := range b.bitbucket.Builds(at.Repository, at.SHA) {
			if build.Key == keyOf(at.Name) && build.Name == at.Name {
				all = append(all, asShown(build))
			}
		}
		return all
	}
	s.Calls = func() int { return len(b.bitbucket.Calls()) }
	s.Writes = func() int { return len(b.bitbucket.Writes()) }
	s.Edit = func(at providers.Target, to providers.Status) {
		b.bitbucket.SetBuild(at.Repository, at.SHA, fake.Build{
			Key: keyOf(at.Name), Name: at.Name, State: dialect{b.service}.stateOf(to.Phase), Description: to.Description, URL: to.URL,
		})
	}
	s.Move = func(to string) { b.bitbucket.MoveRepo(repository, to) }
	s.Paths = func() int { return providercontract.Answered(b.bitbucket, fake.OpGetRepo) }
	s.Delete = func(at providers.Target) { b.bitbucket.DeleteBuild(at.Repository, at.SHA, keyOf(at.Name)) }
	s.Words = []string{"UNKNOWN", "OF_TOMORROW"}
	s.Word = func(at providers.Target, state string) {
		for _, build := range b.bitbucket.Builds(at.Repository, at.SHA) {
			if build.Key == keyOf(at.Name) {
				build.State = state
				b.bitbucket.SetBuild(at.Repository, at.SHA, build)
			}
		}
	}
	s.Inject = providercontract.FaultsOf(b.bitbucket, providercontract.Request.Is, map[providercontract.Fault]fake.Fault{
		providercontract.TooManyRequests: {Status: 429, Body: "Rate limit for this resource has been exceeded"},
		providercontract.Forbidden: {
			Times: -1, Status: 403, Body: `{"type": "error", "error": {"message": "Your credentials lack one or more required privilege scopes."}}`,
		},
	})
	s.Inject[providercontract.Unauthorized] = func(providercontract.Request) { b.bitbucket.RevokeTokens("robot") }
	if b.service == cloud {
		s.Inject[providercontract.RepositoryGone] = func(providercontract.Request) { b.bitbucket.RemoveRepo(repository) }
	} else {
		// What lists there knows no repositories, which a write is tested for below, and the answer to
		// a write has no body.
		delete(s.Inject, providercontract.CutBody)
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
