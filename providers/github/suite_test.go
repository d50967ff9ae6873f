package github

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"go.uber.org/goleak"
	"sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
	fake "github.com/argoproj-labs/commit-status-hub/test/scm/github"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	app          = int64(12345)
	installation = int64(678)
	repository   = "acme/shop"
	sha          = "1f0c7d4b1e0f4c5a9d3b7e2a6c8f0d1e2b3a4c5d"
)

// bench is a fake GitHub with an App that is installed for acme, and an account
// of it, whose budget has no end.
type bench struct {
	*WithT
	t        *testing.T
	github   *fake.Server
	kind     *Kind
	pem      []byte
	provider *v1alpha1.ScmProvider
	account  providers.Account
}

func newBench(t *testing.T) *bench {
	t.Helper()
	server := fake.New()
	t.Cleanup(server.Close)
	b := &bench{WithT: NewWithT(t), t: t, github: server, kind: newKind(t), pem: server.AddApp(app)}
	server.Install(app, installation, "acme")
	server.AddRepo(repository, sha)
	b.provider = provider(server.URL(), app, 0)
	var none int64
	b.provider.Spec.RateLimit = &v1alpha1.RateLimit{
		RequestsPerHour: &none, RequestsPerMinute: &none, PointsPerMinute: &none,
		WritesPerMinute: &none, WritesPerHour: &none, MaxInFlight: &none,
	}
	b.account = b.open(b.provider, b.pem)
	return b
}

func (b *bench) open(p *v1alpha1.ScmProvider, pem []byte) providers.Account {
	b.t.Helper()
	account, err := b.kind.Open(p, map[string][]byte{privateKeyField: pem})
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
	for _, call := range b.github.Calls() {
		if call.Operation == operation {
			n++
		}
	}
	return n
}

// pausedUntil is when the repository's installation may be asked again.
func (b *bench) pausedUntil() time.Time {
	b.t.Helper()
	id, known := b.account.Lane(repository)
	b.Expect(known).To(BeTrue())
	return b.kind.installations.Get(id).Bucket().PausedUntil(time.Now())
}

// inFlight is how many requests of the repository's installation are not over.
func (b *bench) inFlight() int64 {
	id, _ := b.account.Lane(repository)
	return b.kind.installations.Get(id).Bucket().InFlight()
}

// spent is how many requests the repository's installation has used this hour.
func (b *bench) spent() int64 {
	b.t.Helper()
	id, _ := b.account.Lane(repository)
	for _, r := range b.kind.installations.Records(b.provider.Name) {
		if r.ID == id {
			return *r.Used.RequestsPerHour
		}
	}
	b.t.Fatalf("nothing is recorded of %s", id)
	return 0
}

// counted is how many lists of the repository's installation were answered with a
// status, as metrics tell it.
func (b *bench) counted(code string) float64 {
	b.t.Helper()
	id, _ := b.account.Lane(repository)
	families, err := metrics.Registry.Gather()
	b.Expect(err).NotTo(HaveOccurred())
	for _, family := range families {
		if family.GetName() != "commit_status_hub_scm_requests_total" {
			continue
		}
		for _, metric := range family.GetMetric() {
			labels := map[string]string{}
			for _, l := range metric.GetLabel() {
				labels[l.GetName()] = l.GetValue()
			}
			if labels["installation"] == id && labels["operation"] == opList && labels["code"] == code {
				return metric.GetCounter().GetValue()
			}
		}
	}
	return 0
}

func (b *bench) fails(err error, reason string) *providers.Error {
	b.t.Helper()
	b.Expect(err).To(HaveOccurred())
	b.Expect(err).To(BeAssignableToTypeOf(&providers.Error{}))
	e := providers.AsError(err)
	b.Expect(e.Reason).To(Equal(reason), e.Message)
	b.Expect(e.Message).NotTo(ContainSubstring("http://"))
	b.Expect(e.Message).NotTo(ContainSubstring("ghs_"))
	return e
}

func at(name string) providers.Target {
	return providers.Target{Repository: repository, SHA: sha, Name: name, ExternalID: "csh:" + name}
}

func withMethod(method, inPath string) func(*http.Request) bool {
	return func(r *http.Request) bool { return r.Method == method && strings.Contains(r.URL.Path, inPath) }
}

// newest is what GitHub shows under a name.
func (b *bench) newest(name string) fake.CheckRun {
	b.t.Helper()
	var last fake.CheckRun
	for _, run := range b.github.CheckRuns(repository, sha) {
		if run.Name == name && run.ID > last.ID {
			last = run
		}
	}
	return last
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
	case providers.StepReplace:
		_, err = c.Update(b.ctx(), target, *shown, providers.Closing(shown.Status, want))
		b.Expect(err).NotTo(HaveOccurred())
		now, err = c.Create(b.ctx(), target, want)
	case providers.StepUpdate:
		now, err = c.Update(b.ctx(), target, *shown, want)
	default:
		b.t.Fatalf("step %v", step)
	}
	b.Expect(err).NotTo(HaveOccurred())
	return now
}
