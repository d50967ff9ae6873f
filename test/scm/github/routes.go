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

// route is one call of the API.
type route struct {
	method, pattern string
	operation       string
	// docs is the page of GitHub's documentation that its errors name.
	docs   string
	handle func(*Server, *exchange) (answer, *refused)
}

// routes are looked through in their order.
var routes []*route

// Filled in here because the handlers reach the routes through a Server.
func init() {
	const checks, apps, statuses = "checks/runs#", "apps/apps#", "commits/statuses#"
	routes = []*route{
		{http.MethodPost, "/repos/{owner}/{repo}/check-runs", OpCreateCheckRun, checks + "create-a-check-run", (*Server).createCheckRun},
		{http.MethodPatch, "/repos/{owner}/{repo}/check-runs/{id}", OpUpdateCheckRun, checks + "update-a-check-run", (*Server).updateCheckRun},
		{http.MethodGet, "/repos/{owner}/{repo}/check-runs/{id}", OpGetCheckRun, checks + "get-a-check-run", (*Server).getCheckRun},
		{http.MethodGet, "/repos/{owner}/{repo}/commits/{ref}/check-runs", OpListCheckRuns, checks + "list-check-runs-for-a-git-reference", (*Server).listCheckRuns},
		{http.MethodPost, "/app/installations/{id}/access_tokens", OpCreateToken, apps + "create-an-installation-access-token-for-an-app", (*Server).createToken},
		{http.MethodGet, "/repos/{owner}/{repo}/installation", OpFindInstallation, apps + "get-a-repository-installation-for-the-authenticated-app", (*Server).findByRepository},
		{http.MethodGet, "/orgs/{owner}/installation", OpFindInstallation, apps + "get-an-organization-installation-for-the-authenticated-app", (*Server).findByOrganization},
		{http.MethodGet, "/users/{owner}/installation", OpFindInstallation, apps + "get-a-user-installation-for-the-authenticated-app", (*Server).findByUser},
		{http.MethodGet, "/repos/{owner}/{repo}", OpGetRepository, "repos/repos#get-a-repository", (*Server).getRepository},
		{http.MethodGet, "/app", OpGetApp, apps + "get-the-authenticated-app", (*Server).getApp},
		{http.MethodPost, "/repos/{owner}/{repo}/statuses/{sha}", OpCreateStatus, statuses + "create-a-commit-status", (*Server).createStatus},
		{http.MethodGet, "/repos/{owner}/{repo}/commits/{ref}/statuses", OpListStatuses, statuses + "list-commit-statuses-for-a-reference", (*Server).listStatuses},
		{http.MethodGet, "/repos/{owner}/{repo}/commits/{ref}/status", OpGetCombined, statuses + "get-the-combined-status-for-a-specific-reference", (*Server).getCombined},
		{http.MethodGet, "/user", OpFindUser, "users/users#get-the-authenticated-user", (*Server).getUser},
	}
}

// find returns the route of a request and the parameters in its path.
func find(method, path string) (*route, map[string]string) {
	for _, r := range routes {
		if r.method != method {
			continue
		}
		if params, ok := wire.MatchPath(r.pattern, path); ok {
			return r, params
		}
	}
	return nil, nil
}
