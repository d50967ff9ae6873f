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
			{http.MethodPost, statuses + "/build", OpSetBuild, (*Server).setCloud},
			{http.MethodGet, statuses + "/build/{key}", OpGetBuild, (*Server).getCloud},
			{http.MethodGet, statuses, OpListBuilds, (*Server).listCloud},
			{http.MethodGet, ofCloud, OpGetRepo, (*Server).getRepo},
		},
		center: {
			{http.MethodGet, ofCenter, OpGetRepo, (*Server).getRepo},
			{http.MethodPost, builds, OpSetBuild, (*Server).setCenter},
			{http.MethodGet, builds, OpGetBuild, (*Server).getCenter},
			{http.MethodGet, "/rest/build-status/latest/commits/{sha}", OpListBuilds, (*Server).listCenter},
		},
	}
}
