package bitbucket

import (
	"net/http"

	"github.com/argoproj-labs/commit-status-hub/test/scm/wire"
)

// The operations of the ledger.
const (
	OpSetBuild   = "set_build"
	OpGetBuild   = "get_build"
	OpListBuilds = "list_builds"
	OpGetRepo    = "get_repository"
)

type route = wire.Route[func(*Server, *exchange) answer]

var routes map[service][]route

// Filled in here because the handlers reach the routes through a Server.
func init() {
	const (
		ofCloud  = "/2.0/repositories/{owner}/{repo}"
		ofCenter = "/rest/api/latest/projects/{owner}/repos/{repo}"
		statuses = ofCloud + "/commit/{sha}/statuses"
		builds   = ofCenter + "/commits/{sha}/builds"
	)
	routes = map[service][]route{
		cloud: {
			wire.On(http.MethodPost, statuses+"/build", OpSetBuild, (*Server).setCloud),
			wire.On(http.MethodGet, statuses+"/build/{key}", OpGetBuild, (*Server).getCloud),
			wire.On(http.MethodGet, statuses, OpListBuilds, (*Server).listCloud),
			wire.On(http.MethodGet, ofCloud, OpGetRepo, (*Server).getRepo),
		},
		center: {
			wire.On(http.MethodGet, ofCenter, OpGetRepo, (*Server).getRepo),
			wire.On(http.MethodPost, builds, OpSetBuild, (*Server).setCenter),
			wire.On(http.MethodGet, builds, OpGetBuild, (*Server).getCenter),
			wire.On(http.MethodGet, "/rest/build-status/latest/commits/{sha}", OpListBuilds, (*Server).listCenter),
		},
	}
}
