package gitlab

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
	fake "github.com/argoproj-labs/commit-status-hub/test/scm/gitlab"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	bot        = "group_1_bot"
	repository = "acme/platform/shop"
	sha        = "1f0c7d4b1e0f4c5a9d3b7e2a6c8f0d1e2b3a4c5d"
	unpushed   = "0000000000000000000000000000000000000001"
	ciURL      = "https://ci.example.com/1"
)

var queued = providers.Status{Phase: v1alpha1.PhaseQueued}

var phases = []v1alpha1.Phase{
	v1alpha1.PhaseQueued, v1alpha1.PhaseInProgress, v1alpha1.PhaseSuccess, v1alpha1.PhaseFailure, v1alpha1.PhaseCanceled,
}

// bench is a fake GitLab with a bot that may write to one project, and an account of
// its token, whose budget has no end.
type bench struct {
	*providercontract.Bench
	gitlab *fake.Server
	token  string
}

func newBench(t *testing.T, opts ...fake.Option) *bench {
	t.Helper()
	server := fake.New(opts...)
	t.Cleanup(server.Close)
	b := &bench{gitlab: server}
	server.AddUser("somebody")
	server.AddUser(bot)
	server.AddProject(repository, sha)
	server.AddMember(repository, bot, fake.Developer)
	server.AddMember(repository, "somebody", fake.Developer)
	b.token = server.AddToken(bot)
	kind, p := newKind(t), provider(server.URL())
	p.Spec.RateLimit = providercontract.Unlimited()
	b.Bench = providercontract.NewBench(t, &providercontract.SCM{
		Kind: kind, Provider: p, Secret: map[string][]byte{tokenField: []byte(b.token)},
		Installations: kind.installations, Repository: repository, SHA: sha, UnknownSHA: unpushed,
	})
	return b
}

func (b *bench) open(p *v1alpha1.ScmProvider, token string) providers.Account {
	b.T.Helper()
	return b.OpenAs(p, map[string][]byte{tokenField: []byte(token)})
}

func newKind(t *testing.T) *Kind {
	t.Helper()
	installations := ratelimit.NewInstallations(clock.RealClock{})
	t.Cleanup(installations.CloseIdleConnections)
	return NewKind(installations, clock.RealClock{})
}

func provider(apiURL string) *v1alpha1.ScmProvider {
	return &v1alpha1.ScmProvider{
		ObjectMeta: metav1.ObjectMeta{Name: "acme-gitlab"},
		Spec: v1alpha1.ScmProviderSpec{
			GitLab:    &v1alpha1.GitLabSpec{APIURL: v1alpha1.APIURL(apiURL)},
			SecretRef: v1alpha1.ObjectReference{Name: "acme-gitlab-token"},
		},
	}
}

// noneRefused checks that GitLab never answered 4xx.
func (b *bench) noneRefused() {
	b.T.Helper()
	for _, call := range b.gitlab.Calls() {
		b.Expect(call.Status).To(BeNumerically("<", 400), "%s %s: %s", call.Method, call.Path, call.ResponseBody)
	}
}

func at(name string) providers.Target {
	return providers.Target{Repository: repository, SHA: sha, Name: name, ExternalID: "csh:" + name}
}

func withMethod(method, inPath string) func(*http.Request) bool {
	return func(r *http.Request) bool { return r.Method == method && strings.Contains(r.URL.Path, inPath) }
}

// writes match the requests that set a status.
var writes = withMethod("POST", "/statuses/")

// rows are all statuses of a name, the newest last.
func (b *bench) rows(name string) []fake.Status {
	b.T.Helper()
	var rows []fake.Status
	for _, row := range b.gitlab.Statuses(repository, sha) {
		if row.Name == name {
			rows = append(rows, row)
		}
	}
	return rows
}

// newest is what GitLab shows under a name.
func (b *bench) newest(name string) fake.Status {
	b.T.Helper()
	rows := b.rows(name)
	b.Expect(rows).NotTo(BeEmpty())
	return rows[len(rows)-1]
}

func statusID(shown providers.Shown) int64 { return shown.Handle.GitLab.StatusID }
