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

// route is one call of the API.
type route struct {
	service   service
	method    string
	pattern   string
	operation string
	handle    func(*Server, *exchange) answer
}

var routes []*route

// Filled in here because the handlers reach the routes through a Server.
func init() {
	const (
		ofCloud  = "/2.0/repositories/{owner}/{repo}"
		ofCenter = "/rest/api/latest/projects/{owner}/repos/{repo}"
		statuses = ofCloud + "/commit/{sha}/statuses"
		builds   = ofCenter + "/commits/{sha}/builds"
	)
	routes = []*route{
		{cloud, http.MethodPost, statuses + "/build", OpSetBuild, (*Server).setCloud},
		{cloud, http.MethodGet, statuses + "/build/{key}", OpGetBuild, (*Server).getCloud},
		{cloud, http.MethodGet, statuses, OpListBuilds, (*Server).listCloud},
		{cloud, http.MethodGet, ofCloud, OpGetRepo, (*Server).getRepo},
		{center, http.MethodGet, ofCenter, OpGetRepo, (*Server).getRepo},
		{center, http.MethodPost, builds, OpSetBuild, (*Server).setCenter},
		{center, http.MethodGet, builds, OpGetBuild, (*Server).getCenter},
		{center, http.MethodGet, "/rest/build-status/latest/commits/{sha}", OpListBuilds, (*Server).listCenter},
	}
}

// find returns the route of a request and the parameters in its escaped path.
func (s *Server) find(req *http.Request) (*route, map[string]string) {
	for _, r := range routes {
		if r.service != s.service || r.method != req.Method {
			continue
		}
		if params, ok := wire.MatchPath(r.pattern, req.URL.EscapedPath()); ok {
			return r, params
		}
	}
	return nil, nil
}
