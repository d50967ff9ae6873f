package github

import (
	"net/http"

	"github.com/argoproj-labs/commit-status-hub/test/scm/wire"
)

// The operations of the ledger.
const (
	OpCreateCheckRun   = "create_check_run"
	OpUpdateCheckRun   = "update_check_run"
	OpListCheckRuns    = "list_check_runs"
	OpGetCheckRun      = "get_check_run"
	OpCreateToken      = "create_token"
	OpFindInstallation = "find_installation"
	OpGetApp           = "get_app"
	OpCreateStatus     = "create_status"
	OpListStatuses     = "list_statuses"
	OpGetCombined      = "get_combined_status"
	OpFindUser         = "find_user"
)

type route = wire.Route[call]

// call answers a request.
type call struct {
	// docs is the page of GitHub's documentation that its errors name.
	docs   string
	answer func(*Server, *exchange) (answer, *refused)
}

var routes []route

// Filled in here because the handlers reach the routes through a Server.
func init() {
	const checks, apps, statuses = "checks/runs#", "apps/apps#", "commits/statuses#"
	routes = []route{
		wire.On(http.MethodPost, "/repos/{owner}/{repo}/check-runs", OpCreateCheckRun, call{checks + "create-a-check-run", (*Server).createCheckRun}),
		wire.On(http.MethodPatch, "/repos/{owner}/{repo}/check-runs/{id}", OpUpdateCheckRun, call{checks + "update-a-check-run", (*Server).updateCheckRun}),
		wire.On(http.MethodGet, "/repos/{owner}/{repo}/check-runs/{id}", OpGetCheckRun, call{checks + "get-a-check-run", (*Server).getCheckRun}),
		wire.On(http.MethodGet, "/repos/{owner}/{repo}/commits/{ref}/check-runs", OpListCheckRuns, call{checks + "list-check-runs-for-a-git-reference", (*Server).listCheckRuns}),
		wire.On(http.MethodPost, "/app/installations/{id}/access_tokens", OpCreateToken, call{apps + "create-an-installation-access-token-for-an-app", (*Server).createToken}),
		wire.On(http.MethodGet, "/repos/{owner}/{repo}/installation", OpFindInstallation, call{apps + "get-a-repository-installation-for-the-authenticated-app", (*Server).findByRepository}),
		wire.On(http.MethodGet, "/orgs/{owner}/installation", OpFindInstallation, call{apps + "get-an-organization-installation-for-the-authenticated-app", (*Server).findByOrganization}),
		wire.On(http.MethodGet, "/users/{owner}/installation", OpFindInstallation, call{apps + "get-a-user-installation-for-the-authenticated-app", (*Server).findByUser}),
		wire.On(http.MethodGet, "/repos/{owner}/{repo}", OpGetRepository, call{"repos/repos#get-a-repository", (*Server).getRepository}),
		wire.On(http.MethodGet, "/app", OpGetApp, call{apps + "get-the-authenticated-app", (*Server).getApp}),
		wire.On(http.MethodPost, "/repos/{owner}/{repo}/statuses/{sha}", OpCreateStatus, call{statuses + "create-a-commit-status", (*Server).createStatus}),
		wire.On(http.MethodGet, "/repos/{owner}/{repo}/commits/{ref}/statuses", OpListStatuses, call{statuses + "list-commit-statuses-for-a-reference", (*Server).listStatuses}),
		wire.On(http.MethodGet, "/repos/{owner}/{repo}/commits/{ref}/status", OpGetCombined, call{statuses + "get-the-combined-status-for-a-specific-reference", (*Server).getCombined}),
		wire.On(http.MethodGet, "/user", OpFindUser, call{"users/users#get-the-authenticated-user", (*Server).getUser}),
	}
}
