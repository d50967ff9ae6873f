package web

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr/funcr"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger/ledgertest"
	fleet "github.com/argoproj-labs/commit-status-hub/hub/web"
	"github.com/argoproj-labs/commit-status-hub/kubeconfigs"
	"github.com/argoproj-labs/commit-status-hub/providers"
	"github.com/argoproj-labs/commit-status-hub/ratelimit"
)

// Addresses of pages of a site.
const (
	installation     = "github.com/app/12345/installation/678"
	overviewPage     = "/"
	installationPage = "/installations/" + installation
	commitPage       = "/commits/github.com/acme/shop/" + ledgertest.SHA
	searchPage       = "/search?q=build"
	emptyPage        = "/search?q=nowhere"
	missingPage      = "/nowhere"
)

// What each CommitStatus wants shown beside its phase.
const (
	description = "Hydrated 12 apps"
	link        = "https://ci.example.com/run/42"
)

// everyPage has one address of each kind of page.
var everyPage = []string{overviewPage, installationPage, commitPage, searchPage, emptyPage, missingPage}

// lane is an account whose budget is the installation's.
type lane struct{ ledgertest.Account }

func (lane) Lane(string) (string, bool) { return installation, true }

// site is a served fleet: an installation that its SCM has paused, a member that is down, claims
// in conflict and without a grant, a drift, and a queue.
type site struct {
	*ledgertest.Fleet
	g             *WithT
	installations *ratelimit.Installations
	health        map[string]kubeconfigs.Health
	url           string
	// stop ends the server.
	stop func()
}

// serve serves a filled fleet until the test ends.
func serve(t *testing.T) *site {
	t.Helper()
	s := &site{Fleet: ledgertest.NewFleet(t), g: NewWithT(t), health: map[string]kubeconfigs.Health{}}
	s.SetScmProvider("acme", ledgertest.Opened(lane{}, ledgertest.Comparing(10*time.Minute, false), ledgertest.Granting(v1alpha1.Grant{
		Clusters: []v1alpha1.Pattern{"prod-*"}, Repositories: []v1alpha1.Pattern{"**"},
	})))
	s.installations = ratelimit.NewInstallations(s.Clock)
	s.installations.SetLimits(installation, "acme", ratelimit.Limits{RequestsPerHour: 5000, WritesPerMinute: 80})
	s.installations.SetAccount(installation, "acme")
	s.fill()
	s.start(t)
	s.remember()
	return s
}

// fill brings members and what they claim, and leaves something wrong in each way.
func (s *site) fill() {
	s.claims("prod-eu", named("build", v1alpha1.PhaseSuccess), named("deploy", v1alpha1.PhaseInProgress), named("lint", v1alpha1.PhaseSuccess))
	s.claims("prod-us", named("build", v1alpha1.PhaseFailure))
	s.claims("test-1", named("build", v1alpha1.PhaseSuccess), named("deploy", v1alpha1.PhaseQueued))
	for i := range 60 {
		s.health[fmt.Sprintf("edge-%03d", i)] = kubeconfigs.Health{State: kubeconfigs.Connected, Reason: kubeconfigs.ReasonConnected, Since: s.Clock.Now()}
	}
	s.health["prod-asia"] = kubeconfigs.Health{
		State: kubeconfigs.Unreachable, Reason: kubeconfigs.ReasonUnreachable, Message: "dial tcp 10.0.0.1:443: i/o timeout", Since: s.Clock.Now().Add(-20 * time.Minute),
	}
	s.shows("build", v1alpha1.PhaseSuccess)
	s.shows("lint", v1alpha1.PhaseSuccess)
	s.Clock.Step(12 * time.Minute)
	job, _, _ := s.Job(keyOf("lint"))
	check := s.BeginDriftCheck(keyOf("lint"), job)
	s.DriftChecked(keyOf("lint"), job, check, providers.Listing{Statuses: map[string]providers.Listed{
		"build": {Shown: providers.Shown{Status: statusOf(v1alpha1.PhaseSuccess)}},
		"lint":  {Shown: providers.Shown{Status: statusOf(v1alpha1.PhaseFailure)}},
	}})
	s.publish()
	s.pause(10 * time.Minute)
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

// shows has the SCM show a phase under a name, written by the hub.
func (s *site) shows(name string, phase v1alpha1.Phase) {
	key := keyOf(name)
	job, _, ok := s.Job(key)
	s.g.Expect(ok).To(BeTrue())
	s.Showed(key, job, &providers.Shown{Status: statusOf(phase)}, true)
}

// publish gives every claimant its status.
func (s *site) publish() {
	for _, cluster := range []string{"prod-eu", "prod-us", "test-1"} {
		for _, name := range []string{"build", "deploy", "lint"} {
			if patch, ok := s.Patch(ledger.ObjectID{Cluster: cluster, Namespace: "team-a", Name: name}); ok {
				s.Patched(patch, "100")
			}
		}
	}
}

// pause has the SCM ask for no requests for a time, and say that a third of the budget is left.
func (s *site) pause(d time.Duration) {
	now, limit, left := s.Clock.Now(), int64(5000), int64(1700)
	s.installations.Get(installation).Bucket().Observe(now, ratelimit.Feedback{
		Limited: true, PauseUntil: now.Add(d), Limit: &limit, Remaining: &left, Window: time.Hour, ResetAt: now.Add(40 * time.Minute),
	})
}

// remember has the page keep a request about a commit, and three minutes of the installation.
func (s *site) remember() {
	scm := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusCreated) }))
	defer scm.Close()
	other := s.installations.Get("github.com/app/12345/installation/1")
	ctx := ratelimit.WithOperation(ratelimit.WithoutBudget(ledger.WithKey(context.Background(), keyOf("build"))), "github", "create_check_run")
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, scm.URL, http.NoBody)
	s.g.Expect(err).NotTo(HaveOccurred())
	response, err := other.RoundTripper(func(*http.Request, *http.Response, []byte, time.Time) (ratelimit.Feedback, error) {
		return ratelimit.Feedback{}, nil
	}).RoundTrip(request)
	s.g.Expect(err).NotTo(HaveOccurred())
	s.g.Expect(response.Body.Close()).To(Succeed())
	for i := range 12 {
		s.g.Eventually(func() int { return len(get[fleet.InstallationPage](s, "/api/v1"+installationPage).Hour) }, "10s", "10ms").Should(BeNumerically(">", i))
		s.Clock.Step(15 * time.Second)
	}
}

// start serves the pages on a free port, and ends that with the test.
func (s *site) start(t *testing.T) {
	scheme := runtime.NewScheme()
	s.g.Expect(v1alpha1.AddToScheme(scheme)).To(Succeed())
	reader := fake.NewClientBuilder().WithScheme(scheme).WithObjects(&v1alpha1.ScmProvider{
		ObjectMeta: metav1.ObjectMeta{Namespace: "hub", Name: "acme"},
		Spec:       v1alpha1.ScmProviderSpec{GitHub: &v1alpha1.GitHubSpec{}, SecretRef: v1alpha1.ObjectReference{Name: "acme-key"}},
	}).Build()
	address := make(chan string, 1)
	server := fleet.New(fleet.Options{
		BindAddress: "127.0.0.1:0",
		Log: funcr.New(func(_, args string) {
			if found := regexp.MustCompile(`"address"="([^"]+)"`).FindStringSubmatch(args); found != nil {
				address <- found[1]
			}
		}, funcr.Options{}),
		Source: fleet.Source{
			Ledger: s.Ledger, Installations: s.installations, Members: func() map[string]kubeconfigs.Health { return s.health },
			Waits: func() map[string]ratelimit.Waits {
				return map[string]ratelimit.Waits{installation: {Depth: []int{3, 1, 4, 12}, Oldest: make([]time.Duration, 4)}}
			},
			LastEvents:   func(map[string]kubeconfigs.Health) map[string]time.Time { return nil },
			ScmProviders: reader, Namespace: "hub", Leader: func() (bool, string) { return true, "hub-0" }, Version: "v1.2.3", Clock: s.Clock,
		},
	})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- server.Start(ctx) }()
	s.stop = sync.OnceFunc(func() {
		cancel()
		s.g.Expect(<-ended).To(Succeed())
	})
	t.Cleanup(s.stop)
	var at string
	s.g.Eventually(address, "10s").Should(Receive(&at))
	s.url = "http://" + at
}

// get returns the JSON of a path.
func get[T any](s *site, path string) (out T) {
	response, err := new(http.Client).Get(s.url + path)
	s.g.Expect(err).NotTo(HaveOccurred())
	defer response.Body.Close()
	s.g.Expect(response.StatusCode).To(Equal(http.StatusOK))
	s.g.Expect(json.NewDecoder(response.Body).Decode(&out)).To(Succeed())
	return out
}

// named is a CommitStatus with a name, of itself and of its status.
func named(name string, phase v1alpha1.Phase) *v1alpha1.CommitStatus {
	return ledgertest.CommitStatus(ledgertest.Named(name), ledgertest.Wants(phase), func(cs *v1alpha1.CommitStatus) {
		cs.Spec.Description, cs.Spec.URL = description, link
	})
}

// statusOf is what an SCM shows of a CommitStatus made by named.
func statusOf(phase v1alpha1.Phase) providers.Status {
	return providers.Status{Phase: phase, Description: description, URL: link}
}

func keyOf(name string) ledger.Key {
	key := ledgertest.Key
	key.Name = name
	return key
}
