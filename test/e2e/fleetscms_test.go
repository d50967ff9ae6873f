package e2e

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	. "github.com/onsi/ginkgo/v2"
	corev1 "k8s.io/api/core/v1"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/test/clusters"
	"github.com/argoproj-labs/commit-status-hub/test/scm/bitbucket"
	"github.com/argoproj-labs/commit-status-hub/test/scm/gitea"
	"github.com/argoproj-labs/commit-status-hub/test/scm/github"
	"github.com/argoproj-labs/commit-status-hub/test/scm/gitlab"
	"github.com/argoproj-labs/commit-status-hub/test/scm/wire"
)

// What the SCMs of a fleet allow is less than there is to write in a minute, so that a
// hub which disregards it is found out. Where a fake gives no grace to what is on its
// way when a pause begins, one request at a time keeps the pause exactly.
const (
	fleetPerMinute = 15
	fleetInFlight  = 3
	fleetGrace     = 500 * time.Millisecond
)

// limitsOfFleet have room for answers that are read before the fake is done with them.
var limitsOfFleet = github.Limits{WritesPerMinute: fleetPerMinute, MaxInFlight: 2 * fleetInFlight, Grace: fleetGrace}

func likeFleet() *v1alpha1.RateLimit {
	return &v1alpha1.RateLimit{WritesPerMinute: new(int64(fleetPerMinute)), RequestsPerHour: new(int64(0)), MaxInFlight: new(int64(fleetInFlight))}
}

// forge is one SCM of a fleet: how a hub gets at it, and what it shows.
type forge struct {
	*wire.Server
	// name is that of the ScmProvider, of its Secret and of the GitRepos.
	name       string
	spec       v1alpha1.ScmProviderSpec
	secret     map[string][]byte
	repository string
	// path is in the path of each call about the repository, and who is the path of the
	// one that is about the credential.
	path, who string
	// words are what it calls the phases, and longest is how many characters of a
	// description it shows.
	words   map[v1alpha1.Phase]string
	longest int
	// key is what it tells the statuses of a commit apart by.
	key func(name string) string
	// rows are all the statuses that it keeps of a commit, the oldest first.
	rows func(sha string) []row
	// most is how many of them can come of changes to one status, of which some are an
	// end of it.
	most func(changes, ends int) int
}

// row is a status as an SCM keeps it.
type row struct {
	handle                       v1alpha1.ProviderHandle
	key, state, description, url string
}

func rowsOf[T any](all []T, read func(T) row) (rows []row) {
	for _, each := range all {
		rows = append(rows, read(each))
	}
	return rows
}

// haveABadMoment has the first write of each name meet a trouble of its own. From then
// on all that is asked takes its time, so that requests overlap.
func (f *forge) haveABadMoment(failing, lost, refused string) {
	const takes = 100 * time.Millisecond
	meet := func(name string, fault wire.Fault) {
		fault.Delay, fault.Match = takes, func(r *http.Request) bool {
			body, err := io.ReadAll(r.Body)
			return err == nil && r.Method == http.MethodPost && bytes.Contains(body, []byte(`"`+name+`"`))
		}
		f.Inject(fault)
	}
	meet(failing, wire.Fault{Status: http.StatusInternalServerError, Body: "<html>Internal Server Error</html>"})
	meet(lost, wire.Fault{DropAfter: true})
	// With words of no secondary limit, after which GitHub would be sent less for minutes.
	meet(refused, wire.Fault{Status: http.StatusTooManyRequests, Header: http.Header{"Retry-After": {"1"}}, Body: "API rate limit exceeded"})
	f.Inject(wire.Fault{Times: -1, Delay: takes})
}

// troubles are the answers that were lost, and those that were no success. What is looked
// up may not be there.
func (f *forge) troubles() (out []string) {
	for _, call := range f.Calls() {
		missing := call.Method == http.MethodGet && call.Status == http.StatusNotFound
		switch {
		case call.Lost:
			out = append(out, "lost")
		case call.Status >= http.StatusMultipleChoices && !missing:
			out = append(out, call.Method+" "+strconv.Itoa(call.Status))
		}
	}
	return out
}

// fleet makes six SCMs with the two commits, their ScmProviders, and a GitRepo for each
// in each cluster.
func fleet(w *world, clk *fastClock) []*forge {
	GinkgoHelper()
	forges := []*forge{checkRuns(w), commitStatuses(clk), onGitLab(clk), onBitbucketCloud(clk), onBitbucketDataCenter(clk), onGitea(clk)}
	for _, f := range forges {
		DeferCleanup(f.Close)
		w.create(hubCluster, &corev1.Secret{ObjectMeta: objectMeta(w.namespace, f.name), Data: f.secret})
		w.provider(func(p *v1alpha1.ScmProvider) {
			p.Name, p.Spec = f.name, f.spec
			p.Spec.SecretRef.Name, p.Spec.Drift.Interval = f.name, "0s"
			p.Spec.Grants = []v1alpha1.Grant{{Clusters: []v1alpha1.Pattern{"*"}, Repositories: []v1alpha1.Pattern{"acme/**"}}}
		})
		for _, c := range []*clusters.Cluster{hubCluster, euCluster, usCluster} {
			w.create(c, repoOf(w.tenant, f.name, f.name, f.repository))
		}
	}
	return forges
}

// called are an SCM's words for the phases.
func called(queued, inProgress, success, failure, canceled string) map[v1alpha1.Phase]string {
	return map[v1alpha1.Phase]string{
		v1alpha1.PhaseQueued: queued, v1alpha1.PhaseInProgress: inProgress,
		v1alpha1.PhaseSuccess: success, v1alpha1.PhaseFailure: failure, v1alpha1.PhaseCanceled: canceled,
	}
}

func asItIs(name string) string              { return name }
func inPlace(_, _ int) int                   { return 1 }
func perEnd(_, ends int) int                 { return ends }
func perChange(changes, _ int) int           { return changes }
func byToken(token string) map[string][]byte { return map[string][]byte{"token": []byte(token)} }

func checkRuns(w *world) *forge {
	api := &v1alpha1.GitHubSpec{APIURL: v1alpha1.APIURL(w.scm.URL()), AppID: appID, InstallationID: installationID}
	return &forge{
		Server: &w.scm.Server, name: "github-app", repository: "acme/shop", path: "/repos/acme/shop/",
		who:    fmt.Sprintf("/app/installations/%d/access_tokens", installationID),
		spec:   v1alpha1.ScmProviderSpec{GitHub: api, RateLimit: likeFleet()},
		secret: map[string][]byte{"privateKey": w.pem},
		words:  called("queued", "in_progress", "success", "failure", "cancelled"), longest: 65535, key: asItIs, most: inPlace,
		rows: func(sha string) []row {
			return rowsOf(w.scm.CheckRuns("acme/shop", sha), func(r github.CheckRun) row {
				handle := v1alpha1.ProviderHandle{GitHub: &v1alpha1.GitHubHandle{CheckRunID: r.ID}}
				return row{handle, r.Name, cmp.Or(r.Conclusion, r.Status), r.Summary, r.DetailsURL}
			})
		},
	}
}

func commitStatuses(clk *fastClock) *forge {
	server := github.New(github.WithClock(clk), github.WithLimits(limitsOfFleet))
	server.AddRepo("acme/shop", testSHA, otherSHA)
	api := &v1alpha1.GitHubSpec{APIURL: v1alpha1.APIURL(server.URL())}
	return &forge{
		Server: &server.Server, name: "github-token", repository: "acme/shop", path: "/repos/acme/shop/", who: "/user",
		spec:   v1alpha1.ScmProviderSpec{GitHub: api, RateLimit: likeFleet()},
		secret: byToken(server.AddUser("robot")),
		words:  called("pending", "pending", "success", "failure", "error"), longest: 140, most: perChange,
		key: func(name string) string { return strings.ReplaceAll(name, "🚀", "U+1F680") },
		rows: func(sha string) []row {
			return rowsOf(server.Statuses("acme/shop", sha), func(s github.Status) row {
				handle := v1alpha1.ProviderHandle{GitHub: &v1alpha1.GitHubHandle{StatusID: s.ID}}
				return row{handle, s.Context, s.State, s.Description, s.TargetURL}
			})
		},
	}
}

// onGitLab tells its limit in its answers.
func onGitLab(clk *fastClock) *forge {
	const project = "acme/platform/shop"
	limits := gitlab.Limits{RequestsPerMinute: fleetPerMinute, MaxInFlight: 2 * fleetInFlight, Grace: fleetGrace}
	server := gitlab.New(gitlab.WithClock(clk), gitlab.WithLimits(limits))
	server.AddUser("robot")
	server.AddProject(project, testSHA, otherSHA)
	server.AddMember(project, "robot", gitlab.Developer)
	api := &v1alpha1.GitLabSpec{APIURL: v1alpha1.APIURL(server.URL())}
	return &forge{
		Server: &server.Server, name: "gitlab", repository: project, path: "/projects/acme%2Fplatform%2Fshop/", who: "/api/v4/user",
		spec:   v1alpha1.ScmProviderSpec{GitLab: api, RateLimit: &v1alpha1.RateLimit{MaxInFlight: new(int64(fleetInFlight))}},
		secret: byToken(server.AddToken("robot")),
		words:  called("pending", "running", "success", "failed", "canceled"), longest: 255, key: asItIs, most: perEnd,
		rows: func(sha string) []row {
			return rowsOf(server.Statuses(project, sha), func(s gitlab.Status) row {
				handle := v1alpha1.ProviderHandle{GitLab: &v1alpha1.GitLabHandle{StatusID: s.ID, PipelineID: s.Pipeline}}
				return row{handle, s.Name, s.State, s.Description, s.TargetURL}
			})
		},
	}
}

// onBitbucketCloud has a limit of an hour alone, which nothing here can exceed.
func onBitbucketCloud(clk *fastClock) *forge {
	const perHour = 60 * fleetPerMinute
	limits := bitbucket.Limits{RequestsPerHour: perHour, Scaled: true}
	f := onBitbucket(bitbucket.NewCloud(bitbucket.WithClock(clk), bitbucket.WithLimits(limits)), "acme/shop", "STOPPED",
		func(h *v1alpha1.BitbucketHandle) v1alpha1.ProviderHandle {
			return v1alpha1.ProviderHandle{BitbucketCloud: h}
		})
	f.name, f.path = "bitbucket-cloud", "/repositories/acme/shop/commit/"
	f.spec.BitbucketCloud = &v1alpha1.BitbucketCloudSpec{APIURL: v1alpha1.APIURL(f.Root() + "/2.0")}
	f.spec.RateLimit = &v1alpha1.RateLimit{RequestsPerHour: new(int64(perHour)), MaxInFlight: new(int64(1))}
	return f
}

// onBitbucketDataCenter tells its token bucket in its answers.
func onBitbucketDataCenter(clk *fastClock) *forge {
	limits := bitbucket.Limits{Tokens: 6, Fill: 2, Interval: 5 * time.Second}
	f := onBitbucket(bitbucket.NewDataCenter(bitbucket.WithClock(clk), bitbucket.WithLimits(limits)), "ACME/shop", "CANCELLED",
		func(h *v1alpha1.BitbucketHandle) v1alpha1.ProviderHandle {
			return v1alpha1.ProviderHandle{BitbucketDataCenter: h}
		})
	f.name, f.path = "bitbucket-data-center", "/projects/ACME/repos/shop/commits/"
	f.spec.BitbucketDataCenter = &v1alpha1.BitbucketDataCenterSpec{APIURL: v1alpha1.APIURL(f.Root() + "/rest/api/latest")}
	f.spec.RateLimit = &v1alpha1.RateLimit{MaxInFlight: new(int64(1))}
	return f
}

func onBitbucket(server *bitbucket.Server, repository, canceled string, handle func(*v1alpha1.BitbucketHandle) v1alpha1.ProviderHandle) *forge {
	server.AddRepo(repository, testSHA, otherSHA)
	return &forge{
		Server: &server.Server, repository: repository, secret: byToken(server.AddToken("robot", "write")),
		words: called("INPROGRESS", "INPROGRESS", "SUCCESSFUL", "FAILED", canceled), longest: 255, most: inPlace,
		// What it finds a status by, and what it shows to people.
		key: func(name string) string {
			if utf8.RuneCountInString(name) <= 40 {
				return name + " " + name
			}
			return fmt.Sprintf("csh-%x", sha256.Sum256([]byte(name)))[:40] + " " + name
		},
		rows: func(sha string) []row {
			return rowsOf(server.Builds(repository, sha), func(b bitbucket.Build) row {
				return row{handle(&v1alpha1.BitbucketHandle{Key: b.Key}), b.Key + " " + b.Name, b.State, b.Description, b.URL}
			})
		},
	}
}

func onGitea(clk *fastClock) *forge {
	server := gitea.New(gitea.WithClock(clk), gitea.WithLimits(gitea.Limits{RequestsPerMinute: fleetPerMinute}))
	server.AddRepo("acme/shop", testSHA, otherSHA)
	server.Grant("acme/shop", "robot", "write")
	limit := &v1alpha1.RateLimit{RequestsPerMinute: new(int64(fleetPerMinute)), MaxInFlight: new(int64(1))}
	return &forge{
		Server: &server.Server, name: "gitea", repository: "acme/shop", path: "/repos/acme/shop/statuses/", who: "/api/v1/user",
		spec:   v1alpha1.ScmProviderSpec{Gitea: &v1alpha1.GiteaSpec{APIURL: v1alpha1.APIURL(server.URL())}, RateLimit: limit},
		secret: byToken(server.AddUser("robot")),
		words:  called("pending", "pending", "success", "failure", "failure"), longest: 65535, key: asItIs, most: perChange,
		rows: func(sha string) []row {
			return rowsOf(server.Statuses("acme/shop", sha), func(s gitea.Status) row {
				handle := v1alpha1.ProviderHandle{Gitea: &v1alpha1.GiteaHandle{StatusID: s.ID}}
				return row{handle, s.Context, s.State, s.Description, s.TargetURL}
			})
		},
	}
}
