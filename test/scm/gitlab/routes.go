package gitlab

import (
	"net/http"

	"github.com/argoproj-labs/commit-status-hub/test/scm/wire"
)

// The operations of the ledger.
const (
	OpSetStatus    = "set_status"
	OpListStatuses = "list_statuses"
	OpGetUser      = "get_user"
	OpGetProject   = "get_project"
)

type route = wire.Route[func(*Server, *exchange) (answer, *refused)]

var routes []route

// Filled in here because the handlers reach the routes through a Server.
func init() {
	routes = []route{
		wire.On(http.MethodPost, apiRoot+"/projects/{id}/statuses/{sha}", OpSetStatus, (*Server).setStatus),
		wire.On(http.MethodGet, apiRoot+"/projects/{id}/repository/commits/{sha}/statuses", OpListStatuses, (*Server).listStatuses),
		wire.On(http.MethodGet, apiRoot+"/projects/{id}", OpGetProject, (*Server).getProject),
		wire.On(http.MethodGet, apiRoot+"/user", OpGetUser, (*Server).getUser),
	}
}
