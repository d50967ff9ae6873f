package github

import (
	"net/http"
	"strings"
	"testing"

	"k8s.io/utils/clock"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
	"github.com/argoproj-labs/commit-status-hub/ratelimit"
	"github.com/argoproj-labs/commit-status-hub/test/providercontract"
	fake "github.com/argoproj-labs/commit-status-hub/test/scm/github"
)

// shownAs are the phases by what GitHub shows, a run's conclusion or its status.
var shownAs = map[string]v1alpha1.Phase{
	"queued": v1alpha1.PhaseQueued, "in_progress": v1alpha1.PhaseInProgress,
	"success": v1alpha1.PhaseSuccess, "failure": v1alpha1.PhaseFailure, "cancelled": v1alpha1.PhaseCanceled,
}

func TestCheckRunsKeepTheContract(t *testing.T) {
	providercontract.Run(t, func(t *testing.T) *providercontract.SCM {
		server := fake.New()
		t.Cleanup(server.Close)
		pem := server.AddApp(app)
		server.Install(app, installation, "acme")
		server.AddRepo(repository, sha)
		installations := ratelimit.NewInstallations(clock.RealClock{})
		runs := func(at providers.Target) (found []fake.CheckRun) {
			for _, run := range server.CheckRuns(at.Repository, at.SHA) {
				if run.Name == at.Name {
					found = append(found, run)
				}
			}
			return found
		}
		return &providercontract.SCM{
			Kind:          NewKind(installations, clock.RealClock{}),
			Provider:      provider(server.URL(), app, 0),
			Secret:        map[string][]byte{privateKeyField: pem},
			Installations: installations,
			Repository:    repository,
			SHA:           sha,
			UnknownSHA:    strings.Repeat("0", 40),
			All: func(at providers.Target) (all []providers.Status) {
				for _, run := range runs(at) {
					phase := shownAs[run.Status]
					if run.Conclusion != "" {
						phase = shownAs[run.Conclusion]
					}
					all = append(all, providers.Status{Phase: phase, Description: run.Summary, URL: run.DetailsURL})
				}
				return all
			},
			Calls: func() int {
				return providercontract.Count(server, fake.OpCreateCheckRun, fake.OpUpdateCheckRun, fake.OpListCheckRuns)
			},
			Writes: func() int { return len(server.Writes()) },
			Move:   func(to string) { server.MoveRepo(repository, to) },
			Paths:  func() int { return providercontract.Answered(server, fake.OpGetRepository) },
			Inject: faultsAt(server, "/check-runs", "Resource not accessible by integration"),
			Edit: func(at providers.Target, to providers.Status) {
				all := runs(at)
				server.EditCheckRun(all[len(all)-1].ID, func(run *fake.CheckRun) {
					run.Status, run.Conclusion, run.Summary, run.DetailsURL = "completed", string(to.Phase), to.Description, to.URL
				})
			},
			Words: []string{"neutral", "skipped", "stale", "action_required", "timed_out", "startup_failure", "of_tomorrow"},
			Word: func(at providers.Target, state string) {
				all := runs(at)
				server.EditCheckRun(all[len(all)-1].ID, func(run *fake.CheckRun) { run.Status, run.Conclusion = "completed", state })
			},
			Unfinished: func(at providers.Target) (n int) {
				all := runs(at)
				for _, run := range all[:len(all)-1] {
					if run.Status != "completed" {
						n++
					}
				}
				return n
			},
			Other: func(at providers.Target, to providers.Status) {
				server.AddCheckRun(fake.CheckRun{
					Repository: at.Repository, HeadSHA: at.SHA, Name: at.Name, AppID: app,
					Conclusion: string(to.Phase), Summary: to.Description, DetailsURL: to.URL,
				})
			},
			Delete: func(at providers.Target) {
				for _, run := range runs(at) {
					server.DeleteCheckRun(run.ID)
				}
			},
		}
	})
}

// stateShownAs are the phases by what GitHub shows as the state of a commit status.
var stateShownAs = map[string]v1alpha1.Phase{
	"pending": v1alpha1.PhaseInProgress, "success": v1alpha1.PhaseSuccess,
	"failure": v1alpha1.PhaseFailure, "error": v1alpha1.PhaseCanceled,
}

func TestCommitStatusesKeepTheContract(t *testing.T) {
	providercontract.Run(t, func(t *testing.T) *providercontract.SCM {
		server := fake.New()
		t.Cleanup(server.Close)
		server.AddRepo(repository, sha)
		installations := ratelimit.NewInstallations(clock.RealClock{})
		context := func(at providers.Target) string { return strings.ReplaceAll(at.Name, "🚀", "U+1F680") }
		// Somebody else adds one, whether there was one or not.
		mona := func(at providers.Target, to providers.Status) {
			server.AddStatus(fake.Status{
				Repository: at.Repository, SHA: at.SHA, Context: context(at), State: string(to.Phase),
				Description: to.Description, TargetURL: to.URL, Creator: "mona",
			})
		}
		return &providercontract.SCM{
			Kind:          NewKind(installations, clock.RealClock{}),
			Provider:      provider(server.URL(), 0, 0),
			Secret:        map[string][]byte{tokenField: []byte(server.AddUser("hubot") + "\n")},
			Installations: installations,
			Repository:    repository,
			SHA:           sha,
			UnknownSHA:    strings.Repeat("0", 40),
			All: func(at providers.Target) (all []providers.Status) {
				for _, status := range server.Statuses(at.Repository, at.SHA) {
					if strings.EqualFold(status.Context, context(at)) {
						all = append(all, providers.Status{
							Phase: stateShownAs[status.State], Description: status.Description, URL: status.TargetURL,
						})
					}
				}
				return all
			},
			Calls:  func() int { return providercontract.Count(server, fake.OpCreateStatus, fake.OpListStatuses) },
			Writes: func() int { return len(server.Writes()) },
			Move:   func(to string) { server.MoveRepo(repository, to) },
			Paths:  func() int { return providercontract.Answered(server, fake.OpGetRepository) },
			Inject: faultsAt(server, "/statuses", "Resource not accessible by personal access token"),
			Edit:   mona,
			Other:  mona,
			Words:  []string{"expected", "of_tomorrow"},
			Word: func(at providers.Target, state string) {
				server.AddStatus(fake.Status{Repository: at.Repository, SHA: at.SHA, Context: context(at), State: state, Description: "d", TargetURL: "https://ci.example.com/1", Creator: "hubot"})
			},
			Delete: func(at providers.Target) { server.DeleteStatuses(at.Repository, at.SHA, context(at)) },
		}
	})
}

// faultsAt are the faults of requests to paths of the fake GitHub. lacking is what it
// says where a permission is missing.
func faultsAt(server *fake.Server, path, lacking string) map[providercontract.Fault]func(providercontract.Request) {
	match := func(next providercontract.Request, r *http.Request) bool {
		return strings.Contains(r.URL.Path, path) && next.Is(r)
	}
	return providercontract.FaultsOf(server, match, map[providercontract.Fault]fake.Fault{
		providercontract.Unauthorized:   {Status: 401, Body: `{"message":"Bad credentials"}`},
		providercontract.Forbidden:      {Status: 403, Body: `{"message":"` + lacking + `"}`},
		providercontract.RepositoryGone: {Status: 404, Body: `{"message":"Not Found"}`},
	})
}
