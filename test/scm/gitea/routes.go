package gitea

import (
	"net/http"
	"net/url"
	"strings"
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
		if params, ok := match(r.pattern, path); ok {
			return r, params
		}
	}
	return nil, nil
}

func match(pattern, path string) (map[string]string, bool) {
	want, got := strings.Split(pattern, "/"), strings.Split(path, "/")
	if len(want) != len(got) {
		return nil, false
	}
	params := map[string]string{}
	for i, w := range want {
		if name, ok := strings.CutPrefix(w, "{"); ok && got[i] != "" {
			value, err := url.PathUnescape(got[i])
			if err != nil {
				return nil, false
			}
			params[strings.TrimSuffix(name, "}")] = value
		} else if w != got[i] {
			return nil, false
		}
	}
	return params, true
}
