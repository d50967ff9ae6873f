package e2e

import (
	"crypto/sha256"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	. "github.com/onsi/ginkgo/v2"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/test/scm/bitbucket"
	"github.com/argoproj-labs/commit-status-hub/test/scm/gitea"
	"github.com/argoproj-labs/commit-status-hub/test/scm/github"
	"github.com/argoproj-labs/commit-status-hub/test/scm/gitlab"
	"github.com/argoproj-labs/commit-status-hub/test/scm/wire"
)

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

func rowsOf[T any](all []T, read func(T) row) []row {
	rows := make([]row, 0, len(all))
	for _, each := range all {
		rows = append(rows, read(each))
	}
	return rows
}

func called(queued, inProgress, success, failure, canceled string) map[v1alpha1.Phase]string {
	return map[v1alpha1.Phase]string{
		v1alpha1.PhaseQueued: queued, v1alpha1.PhaseInProgress: inProgress,
		v1alpha1.PhaseSuccess: success, v1alpha1.PhaseFailure: failure, v1alpha1.PhaseCanceled: canceled,
	}
}

func asItIs(name string) string        { return name }
func inPlace(_, _ int) int             { return 1 }
func perEnd(_, ends int) int           { return ends }
func perChange(changes, _ int) int     { return changes }
func token(t string) map[string][]byte { return map[string][]byte{"token": []byte(t)} }

// A hub that disregards one of these limits, or the pause that each forge asks for, is
// told apart from one that does not: there is more to write than a minute allows. Where
// a fake has no grace for what is on its way when a pause begins, there must not be any.
const (
	perMinute = 24
	grace     = 500 * time.Millisecond
)

// fleet are six SCMs, all of which have the two commits.
func fleet(w *world, clk *fastClock) []*forge {
	forges := []*forge{
		checkRuns(w), commitStatuses(clk), onGitLab(clk),
		onBitbucketCloud(clk), onBitbucketDataCenter(clk), onGitea(clk),
	}
	for _, f := range forges {
		DeferCleanup(f.Close)
	}
	return forges
}

func limitsOfAFleet() github.Limits {
	return github.Limits{PointsPerMinute: 900, WritesPerMinute: perMinute, MaxInFlight: 10, Grace: grace}
}

func limitedLikeThat() *v1alpha1.RateLimit {
	return &v1alpha1.RateLimit{
		RequestsPerHour: new(int64(0)), PointsPerMinute: new(int64(900)), WritesPerMinute: new(int64(perMinute)), MaxInFlight: new(int64(5)),
	}
}

func checkRuns(w *world) *forge {
	return &forge{
		Server: &w.scm.Server, name: "github-app", repository: "acme/shop", path: "/repos/acme/shop/",
		who: fmt.Sprintf("/app/installations/%d/access_tokens", installationID),
		spec: v1alpha1.ScmProviderSpec{
			GitHub:    &v1alpha1.GitHubSpec{APIURL: v1alpha1.APIURL(w.scm.URL()), AppID: appID, InstallationID: installationID},
			RateLimit: limitedLikeThat(),
		},
		secret: map[string][]byte{"privateKey": w.pem},
		words:  called("queued", "in_progress", "success", "failure", "cancelled"), longest: 65535, key: asItIs, most: inPlace,
		rows: func(sha string) []row {
			return rowsOf(w.scm.CheckRuns("acme/shop", sha), func(r github.CheckRun) row {
				state := r.Status
				if r.Conclusion != "" {
					state = r.Conclusion
				}
				handle := v1alpha1.ProviderHandle{GitHub: &v1alpha1.GitHubHandle{CheckRunID: r.ID}}
				return row{handle, r.Name, state, r.Summary, r.DetailsURL}
			})
		},
	}
}

func commitStatuses(clk *fastClock) *forge {
	server := github.New(github.WithClock(clk), github.WithLimits(limitsOfAFleet()))
	server.AddRepo("acme/shop", testSHA, otherSHA)
	return &forge{
		Server: &server.Server, name: "github-token", repository: "acme/shop", path: "/repos/acme/shop/", who: "/user",
		spec: v1alpha1.ScmProviderSpec{
			GitHub: &v1alpha1.GitHubSpec{APIURL: v1alpha1.APIURL(server.URL())}, RateLimit: limitedLikeThat(),
		},
		secret: token(server.AddUser("robot")),
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

// onGitLab has no rateLimit: GitLab tells its limit in its answers.
func onGitLab(clk *fastClock) *forge {
	const project = "acme/platform/shop"
	server := gitlab.New(gitlab.WithClock(clk), gitlab.WithLimits(gitlab.Limits{RequestsPerMinute: perMinute, MaxInFlight: 20, Grace: grace}))
	server.AddUser("robot")
	server.AddProject(project, testSHA, otherSHA)
	server.AddMember(project, "robot", gitlab.Developer)
	return &forge{
		Server: &server.Server, name: "gitlab", repository: project, path: "/projects/acme%2Fplatform%2Fshop/", who: "/api/v4/user",
		spec:   v1alpha1.ScmProviderSpec{GitLab: &v1alpha1.GitLabSpec{APIURL: v1alpha1.APIURL(server.URL())}},
		secret: token(server.AddToken("robot")),
		words:  called("pending", "running", "success", "failed", "canceled"), longest: 255, key: asItIs, most: perEnd,
		rows: func(sha string) []row {
			return rowsOf(server.Statuses(project, sha), func(s gitlab.Status) row {
				handle := v1alpha1.ProviderHandle{GitLab: &v1alpha1.GitLabHandle{StatusID: s.ID, PipelineID: s.Pipeline}}
				return row{handle, s.Name, s.State, s.Description, s.TargetURL}
			})
		},
	}
}

// onBitbucketCloud has no limit of a minute that could be exceeded.
func onBitbucketCloud(clk *fastClock) *forge {
	const perHour = 60 * perMinute
	f := onBitbucket(bitbucket.NewCloud(bitbucket.WithClock(clk), bitbucket.WithLimits(bitbucket.Limits{RequestsPerHour: perHour, Scaled: true})),
		"acme/shop", "STOPPED", func(h *v1alpha1.BitbucketHandle) v1alpha1.ProviderHandle {
			return v1alpha1.ProviderHandle{BitbucketCloud: h}
		})
	f.name, f.path = "bitbucket-cloud", "/repositories/acme/shop/commit/"
	f.spec.BitbucketCloud = &v1alpha1.BitbucketCloudSpec{APIURL: v1alpha1.APIURL(f.Root() + "/2.0")}
	f.spec.RateLimit = &v1alpha1.RateLimit{RequestsPerHour: new(int64(perHour)), MaxInFlight: new(int64(1))}
	return f
}

// onBitbucketDataCenter tells its limit in its answers.
func onBitbucketDataCenter(clk *fastClock) *forge {
	limits := bitbucket.Limits{Tokens: 10, Fill: 1, Interval: 2 * time.Second}
	f := onBitbucket(bitbucket.NewDataCenter(bitbucket.WithClock(clk), bitbucket.WithLimits(limits)),
		"ACME/shop", "CANCELLED", func(h *v1alpha1.BitbucketHandle) v1alpha1.ProviderHandle {
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
		Server: &server.Server, repository: repository, secret: token(server.AddToken("robot", "write")),
		words:   called("INPROGRESS", "INPROGRESS", "SUCCESSFUL", "FAILED", canceled),
		longest: 255, key: keyAndName, most: inPlace,
		rows: func(sha string) []row {
			return rowsOf(server.Builds(repository, sha), func(b bitbucket.Build) row {
				return row{handle(&v1alpha1.BitbucketHandle{Key: b.Key}), b.Key + " " + b.Name, b.State, b.Description, b.URL}
			})
		},
	}
}

// keyAndName are what Bitbucket finds a status by, and what it shows to people.
func keyAndName(name string) string {
	key := name
	if utf8.RuneCountInString(name) > 40 {
		key = fmt.Sprintf("csh-%x", sha256.Sum256([]byte(name)))[:40]
	}
	return key + " " + name
}

func onGitea(clk *fastClock) *forge {
	server := gitea.New(gitea.WithClock(clk), gitea.WithLimits(gitea.Limits{RequestsPerMinute: perMinute}))
	server.AddRepo("acme/shop", testSHA, otherSHA)
	secret := token(server.AddUser("robot"))
	server.Grant("acme/shop", "robot", "write")
	return &forge{
		Server: &server.Server, name: "gitea", repository: "acme/shop", path: "/repos/acme/shop/statuses/", who: "/api/v1/user",
		spec: v1alpha1.ScmProviderSpec{
			Gitea:     &v1alpha1.GiteaSpec{APIURL: v1alpha1.APIURL(server.URL())},
			RateLimit: &v1alpha1.RateLimit{RequestsPerMinute: new(int64(perMinute)), MaxInFlight: new(int64(1))},
		},
		secret: secret,
		words:  called("pending", "pending", "success", "failure", "failure"), longest: 65535, key: asItIs, most: perChange,
		rows: func(sha string) []row {
			return rowsOf(server.Statuses("acme/shop", sha), func(s gitea.Status) row {
				handle := v1alpha1.ProviderHandle{Gitea: &v1alpha1.GiteaHandle{StatusID: s.ID}}
				return row{handle, s.Context, s.State, s.Description, s.TargetURL}
			})
		},
	}
}
