package gitlab

import (
	"net/http"
	"strings"

	"github.com/argoproj-labs/commit-status-hub/test/scm/wire"
)

// The operations of the ledger.
const (
	OpSetStatus    = "set_status"
	OpListStatuses = "list_statuses"
	OpGetUser      = "get_user"
	OpGetProject   = "get_project"
)

// route is one call of the API.
type route struct {
	method, pattern string
	operation       string
	handle          func(*Server, *exchange) (answer, *refused)
}

// routes are looked through in their order.
var routes []*route

// Filled in here because the handlers reach the routes through a Server.
func init() {
	routes = []*route{
		{http.MethodPost, "/projects/{id}/statuses/{sha}", OpSetStatus, (*Server).setStatus},
		{http.MethodGet, "/projects/{id}/repository/commits/{sha}/statuses", OpListStatuses, (*Server).listStatuses},
		{http.MethodGet, "/projects/{id}", OpGetProject, (*Server).getProject},
		{http.MethodGet, "/user", OpGetUser, (*Server).getUser},
	}
}

// find returns the route of a request and the parameters in its path, which is
// escaped: the slashes in a project's path are not those of the route.
func find(method, escaped string) (*route, map[string]string) {
	path, ok := strings.CutPrefix(escaped, apiRoot)
	if !ok {
		return nil, nil
	}
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
