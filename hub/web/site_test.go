package web

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger/ledgertest"
	"github.com/argoproj-labs/commit-status-hub/kubeconfigs"
	"github.com/argoproj-labs/commit-status-hub/providers"
	"github.com/argoproj-labs/commit-status-hub/ratelimit"
)

// installation is the one that ScmProvider acme uses, and lane the account of the fleet's.
const installation = "github.com/app/12345/installation/678"

type lane struct{ ledgertest.Account }

func (lane) Lane(string) (string, bool) { return installation, true }

// site is a served fleet: a ledger with objects, one installation, and a Server on loopback.
type site struct {
	*ledgertest.Fleet
	g             *WithT
	server        *Server
	installations *ratelimit.Installations
	health        map[string]kubeconfigs.Health
	waits         map[string]ratelimit.Waits
	leads         bool
	url           string
}

// newSite serves a fleet without members.
func newSite(t testing.TB, edit ...func(*Options)) *site {
	t.Helper()
	s := &site{Fleet: ledgertest.NewFleet(t), g: NewWithT(t), health: map[string]kubeconfigs.Health{}, leads: true}
	s.SetScmProvider("acme", ledgertest.Opened(lane{}, ledgertest.Granting(v1alpha1.Grant{
		Clusters: []v1alpha1.Pattern{"prod-*"}, Repositories: []v1alpha1.Pattern{"**"},
	})))
	s.installations = ratelimit.NewInstallations(s.Clock)
	s.installations.SetLimits(installation, "acme", ratelimit.Limits{RequestsPerHour: 5000, WritesPerMinute: 80})
	s.installations.SetAccount(installation, "acme")
	scheme := runtime.NewScheme()
	s.g.Expect(v1alpha1.AddToScheme(scheme)).To(Succeed())
	reader := fake.NewClientBuilder().WithScheme(scheme).WithObjects(&v1alpha1.ScmProvider{
		ObjectMeta: metav1.ObjectMeta{Namespace: "hub", Name: "acme"},
		Spec:       v1alpha1.ScmProviderSpec{GitHub: &v1alpha1.GitHubSpec{}, SecretRef: v1alpha1.ObjectReference{Name: "acme-key"}},
	}).Build()
	o := Options{
		BindAddress: "127.0.0.1:0", Log: logr.Discard(),
		Source: Source{
			Ledger: s.Ledger, Installations: s.installations, Waits: func() map[string]ratelimit.Waits { return s.waits },
			Members:      func() map[string]kubeconfigs.Health { return s.health },
			LastEvents:   func(map[string]kubeconfigs.Health) map[string]time.Time { return nil },
			ScmProviders: reader, Namespace: "hub", Leader: func() (bool, string) { return s.leads, "hub-0_1" }, Version: "v1.2.3", Clock: s.Clock,
		},
	}
	for _, f := range edit {
		f(&o)
	}
	s.server = New(o)
	s.serve(t)
	return s
}

// serve starts the server, and ends it with the test.
func (s *site) serve(t testing.TB) {
	listener, err := net.Listen("tcp", s.server.options.BindAddress)
	s.g.Expect(err).NotTo(HaveOccurred())
	s.url = "http://" + listener.Addr().String()
	handler, err := s.server.guarded(true)
	s.g.Expect(err).NotTo(HaveOccurred())
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.server.serve(ctx, listener, handler) }()
	t.Cleanup(func() {
		cancel()
		s.g.Expect(<-ended).To(Succeed())
	})
}

// claims engages a member whose CommitStatuses are synced.
func (s *site) claims(cluster string, objects ...*v1alpha1.CommitStatus) {
	s.health[cluster] = kubeconfigs.Health{State: kubeconfigs.Connected, Reason: kubeconfigs.ReasonConnected, Since: s.Clock.Now().Add(-time.Hour)}
	s.Token[cluster] = s.Engage(cluster, time.Time{})
	s.SetRepo(cluster, s.Token[cluster], types.NamespacedName{Namespace: "team-a", Name: "shop"}, ledgertest.GitRepo())
	for _, o := range objects {
		o.UID = types.UID(cluster + "-" + o.Name)
		s.SetObject(cluster, s.Token[cluster], o)
	}
	s.Synced(cluster, s.Token[cluster])
}

// shows has the SCM show a phase at a key, written by the hub.
func (s *site) shows(key ledger.Key, phase v1alpha1.Phase) {
	job, _, ok := s.Job(key)
	s.g.Expect(ok).To(BeTrue())
	s.Showed(key, job, &providers.Shown{Status: providers.Status{Phase: phase}}, true)
}

// publish gives every claimant its status.
func (s *site) publish(ids ...ledger.ObjectID) {
	for _, id := range ids {
		if patch, ok := s.Patch(id); ok {
			s.Patched(patch, "100")
		}
	}
}

// get returns the answer to a request for a path.
func (s *site) get(path string, header ...string) (*http.Response, string) {
	s.g.THelper()
	return s.send(http.MethodGet, path, header...)
}

func (s *site) send(method, path string, header ...string) (*http.Response, string) {
	s.g.THelper()
	request, err := http.NewRequest(method, s.url+path, http.NoBody)
	s.g.Expect(err).NotTo(HaveOccurred())
	for i := 0; i < len(header); i += 2 {
		if request.Header.Set(header[i], header[i+1]); header[i] == "Host" {
			request.Host = header[i+1]
		}
	}
	response, err := browser.Do(request)
	s.g.Expect(err).NotTo(HaveOccurred())
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	s.g.Expect(err).NotTo(HaveOccurred())
	return response, string(body)
}

// read returns the JSON of a path.
func read[T any](s *site, path string) T {
	s.g.THelper()
	response, body := s.get(path)
	s.g.Expect(response.StatusCode).To(Equal(http.StatusOK), body)
	s.g.Expect(response.Header.Get("Content-Type")).To(Equal("application/json"))
	var out T
	decoder := json.NewDecoder(strings.NewReader(body))
	decoder.DisallowUnknownFields()
	s.g.Expect(decoder.Decode(&out)).To(Succeed(), body)
	return out
}

// named is a CommitStatus with a name, of itself and of its status.
func named(name string, phase v1alpha1.Phase) *v1alpha1.CommitStatus {
	return ledgertest.CommitStatus(ledgertest.Named(name), ledgertest.Wants(phase))
}

func keyOf(name string) ledger.Key {
	key := ledgertest.Key
	key.Name = name
	return key
}

func id(cluster, name string) ledger.ObjectID {
	return ledger.ObjectID{Cluster: cluster, Namespace: "team-a", Name: name}
}

// browser asks a site. A stream of updates has no end.
var browser = &http.Client{}

const commit = "/commits/github.com/acme/shop/" + ledgertest.SHA

// filled is a site where something is the matter.
func filled(t *testing.T) *site {
	s := newSite(t)
	s.claims("prod-eu", named("build", v1alpha1.PhaseSuccess), named("deploy", v1alpha1.PhaseInProgress))
	s.claims("prod-us", named("build", v1alpha1.PhaseFailure))
	s.claims("test-1", named("build", v1alpha1.PhaseSuccess))
	for i := range 60 {
		s.health[fmt.Sprintf("edge-%03d", i)] = kubeconfigs.Health{State: kubeconfigs.Connected, Reason: kubeconfigs.ReasonConnected, Since: s.Clock.Now()}
	}
	s.health["prod-asia"] = kubeconfigs.Health{State: kubeconfigs.Unreachable, Reason: kubeconfigs.ReasonUnreachable, Message: "dial tcp 10.0.0.1:443: i/o timeout", Since: s.Clock.Now().Add(-20 * time.Minute)}
	s.shows(keyOf("build"), v1alpha1.PhaseSuccess)
	s.publish(id("prod-eu", "build"), id("prod-us", "build"), id("test-1", "build"))
	return s
}
