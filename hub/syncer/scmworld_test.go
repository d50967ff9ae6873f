package syncer_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger/ledgertest"
	"github.com/argoproj-labs/commit-status-hub/hub/statustest"
	"github.com/argoproj-labs/commit-status-hub/hub/syncer"
	"github.com/argoproj-labs/commit-status-hub/providers"
	"github.com/argoproj-labs/commit-status-hub/providers/bitbucket"
	"github.com/argoproj-labs/commit-status-hub/providers/gitea"
	"github.com/argoproj-labs/commit-status-hub/providers/github"
	"github.com/argoproj-labs/commit-status-hub/providers/gitlab"
	"github.com/argoproj-labs/commit-status-hub/ratelimit"
	fakebitbucket "github.com/argoproj-labs/commit-status-hub/test/scm/bitbucket"
	fakegitea "github.com/argoproj-labs/commit-status-hub/test/scm/gitea"
	fakegithub "github.com/argoproj-labs/commit-status-hub/test/scm/github"
	fakegitlab "github.com/argoproj-labs/commit-status-hub/test/scm/gitlab"
	"github.com/argoproj-labs/commit-status-hub/test/scm/wire"
)

// fakeSCM is what all strict fakes do.
type fakeSCM interface {
	Inject(wire.Fault)
	ClearFaults()
	Calls() []wire.Call
}

// scmWorld is a ledger and a syncer with an account of a real provider at a strict fake, on one
// fake clock. Its queue knows no budgets.
type scmWorld struct {
	*ledgertest.Fleet
	fakeSCM
	syncer   *syncer.Syncer
	kind     providers.Kind
	provider *v1alpha1.ScmProvider
	secret   map[string][]byte
	ready    []ledger.Key
	due      map[ledger.Key]time.Time
	objects  map[string]*v1alpha1.CommitStatus
	// statuses are those that were published.
	statuses map[string]v1alpha1.CommitStatusStatus
	told     []string // ScmProviders
}

// Add has a key worked on.
func (w *scmWorld) Add(key ledger.Key) {
	delete(w.due, key)
	if !slices.Contains(w.ready, key) {
		w.ready = append(w.ready, key)
	}
}

// Slot is none: nothing has to be paid for.
func (w *scmWorld) Slot(ledger.Key) *ratelimit.Slot { return nil }

func (w *scmWorld) apply(c ledger.Changes) {
	for _, key := range c.Keys {
		w.Add(key)
	}
	w.told = append(w.told, c.ScmProviders...)
}

// run has the hub work for a time.
func (w *scmWorld) run(d time.Duration) {
	w.G.THelper()
	end := w.Clock.Now().Add(d)
	for {
		for len(w.ready) > 0 {
			key := w.ready[0]
			w.ready = w.ready[1:]
			result, err := w.syncer.Reconcile(context.Background(), key)
			w.G.Expect(err).NotTo(HaveOccurred())
			if result.RequeueAfter > 0 && !slices.Contains(w.ready, key) {
				w.due[key] = w.Clock.Now().Add(result.RequeueAfter)
			}
		}
		next := end
		for _, at := range w.due {
			if at.Before(next) {
				next = at
			}
		}
		w.Clock.SetTime(next)
		for key, at := range w.due {
			if !at.After(next) {
				w.Add(key)
			}
		}
		if len(w.ready) == 0 {
			return
		}
	}
}

// open opens the ScmProvider, as when it or its Secret changes.
func (w *scmWorld) open() {
	w.G.THelper()
	s := ledger.CompileScmProvider(providers.NewRegistry(w.kind), w.provider, w.secret)
	w.G.Expect(s.Problem).NotTo(HaveOccurred())
	w.apply(w.SetScmProvider("acme", s))
}

// grant replaces the grants of the ScmProvider.
func (w *scmWorld) grant(grants ...v1alpha1.Grant) {
	w.provider.Spec.Grants = grants
	w.open()
}

// want has a CommitStatus want a phase; one of a new name is made.
func (w *scmWorld) want(name string, phase v1alpha1.Phase) {
	cs := w.objects[name]
	if cs == nil {
		cs = ledgertest.CommitStatus(func(cs *v1alpha1.CommitStatus) {
			cs.Name, cs.UID, cs.Spec.Name = name, types.UID("uid-"+name), name
		})
	} else {
		cs = cs.DeepCopy()
		cs.Generation++
	}
	cs.Spec.Phase = phase
	w.set(cs)
}

func (w *scmWorld) set(cs *v1alpha1.CommitStatus) {
	w.objects[cs.Name] = cs
	w.apply(w.SetObject("eu", w.Token["eu"], cs))
}

// setRepo brings the GitRepo in a generation.
func (w *scmWorld) setRepo(generation int64, uid types.UID) {
	repo := ledgertest.GitRepo()
	repo.Generation, repo.UID = generation, uid
	w.apply(w.SetRepo("eu", w.Token["eu"], types.NamespacedName{Namespace: repo.Namespace, Name: repo.Name}, repo))
}

// request has somebody ask for a status.
func (w *scmWorld) request(name string) {
	cs := w.objects[name].DeepCopy()
	cs.Annotations = map[string]string{v1alpha1.AnnotationRequestedAt: w.Clock.Now().String()}
	w.set(cs)
}

// status returns the status that is published for a CommitStatus, or was last.
func (w *scmWorld) status(name string) v1alpha1.CommitStatusStatus {
	id := ledger.ObjectID{Cluster: "eu", Namespace: "team-a", Name: name}
	if patch, ok := w.Patch(id); ok {
		statustest.ExpectInvariants(w.G, patch.Status, patch.Source.Generation)
		w.Patched(patch, "100")
		w.statuses[name] = patch.Status
	}
	return w.statuses[name]
}

// condition returns the Ready condition of the status of a CommitStatus, a zero one for none.
func (w *scmWorld) condition(name string) metav1.Condition {
	status := w.status(name)
	if len(status.Conditions) == 0 {
		return metav1.Condition{}
	}
	return ledgertest.ReadyOf(&status)
}

// reasons counts statuses by reason.
func (w *scmWorld) reasons() map[string]int {
	out := map[string]int{}
	for name := range w.objects {
		out[w.condition(name).Reason]++
	}
	return out
}

// refused counts the requests that were answered with 401, 403 or 404, and calls all of an
// operation, since from calls.
func (w *scmWorld) refused(from int) (n int) {
	for _, call := range w.Calls()[from:] {
		if call.Status == 401 || call.Status == 403 || call.Status == 404 {
			n++
		}
	}
	return n
}

func (w *scmWorld) count(from int, operation string) (n int) {
	for _, call := range w.Calls()[from:] {
		if call.Operation == operation {
			n++
		}
	}
	return n
}

// own are the refusals of one SCM in its own form.
type own struct{ unauthorized, forbidden, gone string }

// scmWorlds are worlds at every kind of SCM, by name, and what that SCM says.
var scmWorlds = map[string]struct {
	start func(*testing.T) *scmWorld
	says  own
}{
	"GitHub App":   {func(t *testing.T) *scmWorld { w, _ := githubWorld(t); return w }, own{`{"message":"Bad credentials"}`, `{"message":"Resource not accessible by integration"}`, `{"message":"Not Found"}`}},
	"GitHub token": {githubTokenWorld, own{`{"message":"Bad credentials"}`, `{"message":"Resource not accessible by personal access token"}`, `{"message":"Not Found"}`}},
	"GitLab":       {gitlabWorld, own{`{"message":"401 Unauthorized"}`, `{"message":"403 Forbidden"}`, `{"message":"404 Project Not Found"}`}},
	"Bitbucket":    {func(t *testing.T) *scmWorld { return bitbucketWorld(t, false) }, cloudSays},
	"Bitbucket Data Center": {func(t *testing.T) *scmWorld { return bitbucketWorld(t, true) }, own{
		`{"errors":[{"message":"Authentication failed."}]}`, `{"errors":[{"message":"You are not permitted."}]}`, `{"errors":[{"message":"Repository Acme/Shop does not exist."}]}`,
	}},
	"Gitea": {giteaWorld, own{`{"message":"invalid token","url":"x"}`, `{"message":"user should have a permission to write to a repo","url":"x"}`, `{"message":"not found","url":"x"}`}},
}

var cloudSays = own{
	`{"type":"error","error":{"message":"Token is invalid."}}`, `{"type":"error","error":{"message":"Your credentials lack a privilege scope."}}`,
	`{"type":"error","error":{"message":"Repository Acme/Shop not found"}}`,
}

func newSCMWorld(t *testing.T, spec v1alpha1.ScmProviderSpec, secret map[string][]byte, fake fakeSCM, kind func(*ratelimit.Installations, *ledgertest.Fleet) providers.Kind, f *ledgertest.Fleet) *scmWorld {
	var none int64
	spec.SecretRef.Name = "acme"
	spec.Grants, spec.Drift.Interval = []v1alpha1.Grant{ledgertest.AllowAll()}, "0s"
	spec.RateLimit = &v1alpha1.RateLimit{
		RequestsPerHour: &none, RequestsPerMinute: &none, PointsPerMinute: &none, WritesPerMinute: &none, WritesPerHour: &none, MaxInFlight: &none,
	}
	installations := ratelimit.NewInstallations(f.Clock)
	t.Cleanup(installations.CloseIdleConnections)
	w := &scmWorld{
		Fleet: f, fakeSCM: fake, secret: secret, due: map[ledger.Key]time.Time{},
		objects: map[string]*v1alpha1.CommitStatus{}, statuses: map[string]v1alpha1.CommitStatusStatus{},
		kind:     kind(installations, f),
		provider: &v1alpha1.ScmProvider{ObjectMeta: metav1.ObjectMeta{Name: "acme"}, Spec: spec},
	}
	w.syncer = &syncer.Syncer{
		Ledger: w.Ledger, Queue: func() syncer.Lanes { return w }, Apply: w.apply, Record: recordNothing, Clock: w.Clock, Log: logr.Discard(),
		Warn: func(string, *v1alpha1.CommitStatus, string, string, string) {},
	}
	w.open()
	w.Hear("eu")
	return w
}

// atNow is a fleet whose clock begins at the real time, which tokens and JWTs are held to.
func atNow(t *testing.T) *ledgertest.Fleet {
	f := ledgertest.NewFleet(t)
	f.Clock.SetTime(time.Now())
	return f
}

func githubWorld(t *testing.T) (*scmWorld, *fakegithub.Server) {
	f := atNow(t)
	server := fakegithub.New(fakegithub.WithClock(f.Clock))
	t.Cleanup(server.Close)
	secret := map[string][]byte{"privateKey": server.AddApp(12345)}
	server.Install(12345, 678, "acme")
	server.AddRepo("acme/shop", ledgertest.SHA)
	return newSCMWorld(t, v1alpha1.ScmProviderSpec{GitHub: &v1alpha1.GitHubSpec{APIURL: v1alpha1.APIURL(server.URL()), AppID: 12345}}, secret, server,
		func(i *ratelimit.Installations, f *ledgertest.Fleet) providers.Kind {
			return github.NewKind(i, f.Clock)
		}, f), server
}

func githubTokenWorld(t *testing.T) *scmWorld {
	f := atNow(t)
	server := fakegithub.New(fakegithub.WithClock(f.Clock))
	t.Cleanup(server.Close)
	server.AddRepo("acme/shop", ledgertest.SHA)
	return newSCMWorld(t, v1alpha1.ScmProviderSpec{GitHub: &v1alpha1.GitHubSpec{APIURL: v1alpha1.APIURL(server.URL())}},
		map[string][]byte{"token": []byte(server.AddUser("hubot"))}, server,
		func(i *ratelimit.Installations, f *ledgertest.Fleet) providers.Kind {
			return github.NewKind(i, f.Clock)
		}, f)
}

func gitlabWorld(t *testing.T) *scmWorld {
	f := atNow(t)
	server := fakegitlab.New(fakegitlab.WithClock(f.Clock))
	t.Cleanup(server.Close)
	server.AddUser("bot")
	server.AddProject("acme/shop", ledgertest.SHA)
	server.AddMember("acme/shop", "bot", fakegitlab.Developer)
	return newSCMWorld(t, v1alpha1.ScmProviderSpec{GitLab: &v1alpha1.GitLabSpec{APIURL: v1alpha1.APIURL(server.URL())}},
		map[string][]byte{"token": []byte(server.AddToken("bot"))}, server,
		func(i *ratelimit.Installations, f *ledgertest.Fleet) providers.Kind {
			return gitlab.NewKind(i, f.Clock)
		}, f)
}

func bitbucketWorld(t *testing.T, center bool) *scmWorld {
	f := atNow(t)
	start := fakebitbucket.NewCloud
	if center {
		start = fakebitbucket.NewDataCenter
	}
	server := start(fakebitbucket.WithClock(f.Clock))
	t.Cleanup(server.Close)
	server.AddRepo("acme/shop", ledgertest.SHA)
	spec := v1alpha1.ScmProviderSpec{BitbucketCloud: &v1alpha1.BitbucketCloudSpec{APIURL: v1alpha1.APIURL(server.URL())}}
	if center {
		spec = v1alpha1.ScmProviderSpec{BitbucketDataCenter: &v1alpha1.BitbucketDataCenterSpec{APIURL: v1alpha1.APIURL(server.URL())}}
	}
	return newSCMWorld(t, spec, map[string][]byte{"token": []byte(server.AddToken("robot", "write"))}, server,
		func(i *ratelimit.Installations, f *ledgertest.Fleet) providers.Kind {
			if center {
				return bitbucket.NewDataCenterKind(i, f.Clock)
			}
			return bitbucket.NewCloudKind(i, f.Clock)
		}, f)
}

func giteaWorld(t *testing.T) *scmWorld {
	f := atNow(t)
	server := fakegitea.New(fakegitea.WithClock(f.Clock))
	t.Cleanup(server.Close)
	server.AddRepo("acme/shop", ledgertest.SHA)
	token := server.AddUser("robot")
	server.Grant("acme/shop", "robot", "write")
	return newSCMWorld(t, v1alpha1.ScmProviderSpec{Gitea: &v1alpha1.GiteaSpec{APIURL: v1alpha1.APIURL(server.URL())}},
		map[string][]byte{"token": []byte(token)}, server,
		func(i *ratelimit.Installations, f *ledgertest.Fleet) providers.Kind { return gitea.NewKind(i, f.Clock) }, f)
}

// refuse has the SCM answer every request for statuses with a status and a body, in its own
// form.
func (w *scmWorld) refuse(status int, body string) {
	w.Inject(wire.Fault{Match: forStatuses, Times: -1, Status: status, Body: body})
}

// forStatuses matches requests for statuses, not those for tokens and who one is.
func forStatuses(r *http.Request) bool {
	return !strings.HasSuffix(r.URL.Path, "/access_tokens") && !strings.HasSuffix(r.URL.Path, "/installation") && !strings.HasSuffix(r.URL.Path, "/user")
}

// everySCM runs a test at each kind of SCM.
func everySCM(t *testing.T, test func(t *testing.T, start func() *scmWorld, says own)) {
	for name, each := range scmWorlds {
		t.Run(name, func(t *testing.T) { test(t, func() *scmWorld { return each.start(t) }, each.says) })
	}
}

// refusals are the refusals of an SCM in its own form.
func (o own) refusals() []ownRefusal {
	return []ownRefusal{
		{401, o.unauthorized, v1alpha1.ReasonCredentialsInvalid}, {403, o.forbidden, v1alpha1.ReasonCredentialsInvalid}, {404, o.gone, v1alpha1.ReasonRepoNotFound},
	}
}

type ownRefusal struct {
	status int
	body   string
	reason string
}

func (w *scmWorld) wantMany(n int, phase v1alpha1.Phase) {
	for i := range n {
		w.want(fmt.Sprintf("build-%d", i), phase)
	}
}
