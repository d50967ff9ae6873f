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

type route = wire.Route[func(*Server, *exchange) answer]

var routes []route

// Filled in here because the handlers reach the routes through a Server.
func init() {
	routes = []route{
		wire.On(http.MethodPost, "/api/v1/repos/{owner}/{repo}/statuses/{sha}", OpCreateStatus, (*Server).createStatus),
		wire.On(http.MethodGet, "/api/v1/repos/{owner}/{repo}/statuses/{sha}", OpListStatuses, (*Server).listStatuses),
		wire.On(http.MethodGet, "/api/v1/repos/{owner}/{repo}", OpGetRepo, (*Server).getRepo),
		wire.On(http.MethodGet, "/api/v1/user", OpGetUser, (*Server).getUser),
	}
}
