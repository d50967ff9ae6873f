package github

import (
	"net/http"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
	"go.uber.org/goleak"
	"sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
	"github.com/argoproj-labs/commit-status-hub/test/providercontract"
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
	*providercontract.Bench
	github *fake.Server
	pem    []byte
}

func newBench(t *testing.T) *bench {
	t.Helper()
	server := fake.New()
	t.Cleanup(server.Close)
	b := &bench{github: server, pem: server.AddApp(app)}
	server.Install(app, installation, "acme")
	server.AddRepo(repository, sha)
	kind, p := newKind(t), provider(server.URL(), app, 0)
	p.Spec.RateLimit = providercontract.Unlimited()
	b.Bench = providercontract.NewBench(t, &providercontract.SCM{
		Kind: kind, Provider: p, Secret: map[string][]byte{privateKeyField: b.pem},
		Installations: kind.installations, Repository: repository, SHA: sha,
	})
	return b
}

func (b *bench) open(p *v1alpha1.ScmProvider, pem []byte) providers.Account {
	b.T.Helper()
	return b.OpenAs(p, map[string][]byte{privateKeyField: pem})
}

// spent is how many requests the repository's installation has used this hour.
func (b *bench) spent() int64 {
	b.T.Helper()
	id, _ := b.Account.Lane(repository)
	for _, r := range b.Installations.Records(b.Provider.Name) {
		if r.ID == id {
			return *r.Used.RequestsPerHour
		}
	}
	b.T.Fatalf("nothing is recorded of %s", id)
	return 0
}

// counted is how many lists of the repository's installation were answered with a
// status, as metrics tell it.
func (b *bench) counted(code string) float64 {
	b.T.Helper()
	id, _ := b.Account.Lane(repository)
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

func at(name string) providers.Target {
	return providers.Target{Repository: repository, SHA: sha, Name: name, ExternalID: "csh:" + name}
}

func withMethod(method, inPath string) func(*http.Request) bool {
	return func(r *http.Request) bool { return r.Method == method && strings.Contains(r.URL.Path, inPath) }
}

// newest is what GitHub shows under a name.
func (b *bench) newest(name string) fake.CheckRun {
	b.T.Helper()
	var last fake.CheckRun
	for _, run := range b.github.CheckRuns(repository, sha) {
		if run.Name == name && run.ID > last.ID {
			last = run
		}
	}
	return last
}
