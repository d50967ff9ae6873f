package gitea

import (
	"net/http"

	"github.com/argoproj-labs/commit-status-hub/test/scm/wire"
)

// The operations of the ledger.
const (
	OpCreateStatus = "create_status"
	OpListStatuses = "list_statuses"
	OpGetUser      = "get_user"
	OpGetRepo      = "get_repository"
)

// route is one call of the API.
type route struct {
	method, pattern string
	operation       string
	handle          func(*Server, *exchange) answer
}

var routes []*route

// Filled in here because the handlers reach the routes through a Server.
func init() {
	routes = []*route{
		{http.MethodPost, "/api/v1/repos/{owner}/{repo}/statuses/{sha}", OpCreateStatus, (*Server).createStatus},
		{http.MethodGet, "/api/v1/repos/{owner}/{repo}/statuses/{sha}", OpListStatuses, (*Server).listStatuses},
		{http.MethodGet, "/api/v1/repos/{owner}/{repo}", OpGetRepo, (*Server).getRepo},
		{http.MethodGet, "/api/v1/user", OpGetUser, (*Server).getUser},
	}
}

// find returns the route of a request and the parameters in its escaped path.
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
