package gitlab

import (
	"context"
	"net/http"
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
	*WithT
	t        *testing.T
	gitlab   *fake.Server
	kind     *Kind
	token    string
	provider *v1alpha1.ScmProvider
	account  providers.Account
}

func newBench(t *testing.T, opts ...fake.Option) *bench {
	t.Helper()
	server := fake.New(opts...)
	t.Cleanup(server.Close)
	b := &bench{WithT: NewWithT(t), t: t, gitlab: server, kind: newKind(t)}
	server.AddUser("somebody")
	server.AddUser(bot)
	server.AddProject(repository, sha)
	server.AddMember(repository, bot, fake.Developer)
	server.AddMember(repository, "somebody", fake.Developer)
	b.token = server.AddToken(bot)
	b.provider = provider(server.URL())
	var none int64
	b.provider.Spec.RateLimit = &v1alpha1.RateLimit{
		RequestsPerHour: &none, RequestsPerMinute: &none, PointsPerMinute: &none,
		WritesPerMinute: &none, WritesPerHour: &none, MaxInFlight: &none,
	}
	b.account = b.open(b.provider, b.token)
	return b
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

func (b *bench) open(p *v1alpha1.ScmProvider, token string) providers.Account {
	b.t.Helper()
	account, err := b.kind.Open(p, map[string][]byte{tokenField: []byte(token)})
	b.Expect(err).NotTo(HaveOccurred())
	return account
}

func (b *bench) client(repository string) providers.Client {
	b.t.Helper()
	c, err := b.account.Client(b.ctx(), repository)
	b.Expect(err).NotTo(HaveOccurred())
	return c
}

// ctx ends long before the test's own deadline.
func (b *bench) ctx() context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	b.t.Cleanup(cancel)
	return ctx
}

func (b *bench) count(operation string) int {
	n := 0
	for _, call := range b.gitlab.Calls() {
		if call.Operation == operation {
			n++
		}
	}
	return n
}

// noneRefused checks that GitLab never answered 4xx.
func (b *bench) noneRefused() {
	b.t.Helper()
	for _, call := range b.gitlab.Calls() {
		b.Expect(call.Status).To(BeNumerically("<", 400), "%s %s: %s", call.Method, call.Path, call.ResponseBody)
	}
}

// pausedUntil is when the token's user may ask again.
func (b *bench) pausedUntil() time.Time {
	b.t.Helper()
	id, known := b.account.Lane(repository)
	b.Expect(known).To(BeTrue())
	return b.kind.installations.Get(id).Bucket().PausedUntil(time.Now())
}

func (b *bench) fails(err error, reason string) *providers.Error {
	b.t.Helper()
	b.Expect(err).To(HaveOccurred())
	b.Expect(err).To(BeAssignableToTypeOf(&providers.Error{}))
	e := providers.AsError(err)
	b.Expect(e.Reason).To(Equal(reason), e.Message)
	b.Expect(e.Message).NotTo(ContainSubstring("http://"))
	b.Expect(e.Message).NotTo(ContainSubstring("glpat-"))
	b.Expect(len([]rune(e.Message))).To(BeNumerically("<=", 300))
	return e
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
	b.t.Helper()
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
	b.t.Helper()
	rows := b.rows(name)
	b.Expect(rows).NotTo(BeEmpty())
	return rows[len(rows)-1]
}

// step takes what is shown to want, in the step that Next says.
func (b *bench) step(c providers.Client, target providers.Target, shown *providers.Shown, want providers.Status) providers.Shown {
	b.t.Helper()
	var now providers.Shown
	var err error
	switch step := b.account.Next(shown, want); step {
	case providers.StepNone:
		return *shown
	case providers.StepCreate:
		now, err = c.Create(b.ctx(), target, want)
	case providers.StepUpdate:
		now, err = c.Update(b.ctx(), target, *shown, want)
	default:
		b.t.Fatalf("step %v: %s", step, b.account.Obstacle(shown, want))
	}
	b.Expect(err).NotTo(HaveOccurred())
	return now
}

func statusID(shown providers.Shown) int64 { return shown.Handle.GitLab.StatusID }
