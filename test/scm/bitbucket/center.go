package bitbucket

import (
	"net/http"
	"slices"
)

const (
	// centerPage and mostCenterPage are how many are on a page, unless limit says
	// otherwise, and at most.
	centerPage     = 25
	mostCenterPage = 100
)

var (
	centerStates = []string{"SUCCESSFUL", "FAILED", "INPROGRESS", "CANCELLED", "UNKNOWN"}
	// The length of the name is documented, the others are the Java API's BuildStatus.
	centerLengths = lengths{key: 255, name: 255, description: 255, url: 450}
)

// setCenter makes a build status, or replaces the one of the same key. The answer is
// empty.
func (s *Server) setCenter(x *exchange) answer {
	r, refused := s.commit(x, "write")
	if refused != nil {
		return *refused
	}
	f, field, problem := x.read(centerStates, centerLengths)
	if problem != "" {
		return reply(http.StatusBadRequest, map[string]any{"errors": []any{map[string]any{
			"context": field, "message": field + ": " + problem, "exceptionName": nil,
		}}})
	}
	r.set(x.Params["sha"], Build{
		Key: *f.Key, State: *f.State, URL: *f.URL, Name: text1(f.Name, ""), Description: text1(f.Description, ""),
	}, x.Now)
	return noContent()
}

func (s *Server) getCenter(x *exchange) answer {
	r, refused := s.commit(x, "read")
	if refused != nil {
		return *refused
	}
	key := x.Request.URL.Query().Get("key")
	if key == "" {
		return s.refuse(http.StatusBadRequest, "validation.ArgumentValidationException", "The build status key must be provided.")
	}
	b := r.find(x.Params["sha"], key)
	if b == nil {
		return s.refuse(http.StatusNotFound, "build.status.NoSuchBuildStatusException", "There is no build status with the key '%s'.", key)
	}
	return reply(http.StatusOK, renderCenter(*b))
}

// listCenter is the older API, which knows commits and no repositories: it lists what
// any of them has, and nothing for a commit that none has.
func (s *Server) listCenter(x *exchange) answer {
	if refused := s.authenticate(x, "read"); refused != nil {
		return *refused
	}
	var all []Build
	paths := []string{}
	for path := range s.world.repos {
		paths = append(paths, path)
	}
	slices.Sort(paths)
	for _, path := range paths {
		all = append(all, s.world.repos[path].commits[x.Params["sha"]]...)
	}
	query := x.Request.URL.Query()
	start, limit := max(number(query.Get("start"), 0), 0), min(number(query.Get("limit"), centerPage), mostCenterPage)
	some, next := page(all, start, limit)
	values := []any{}
	for _, b := range some {
		values = append(values, renderCenter(b))
	}
	body := map[string]any{"size": len(values), "limit": limit, "start": start, "values": values, "isLastPage": next == 0}
	if next > 0 {
		body["nextPageStart"] = next
	}
	return reply(http.StatusOK, body)
}

// renderCenter leaves out what is empty.
func renderCenter(b Build) map[string]any {
	out := map[string]any{"key": b.Key, "state": b.State, "url": b.URL, "dateAdded": b.Updated.UnixMilli()}
	for field, value := range map[string]string{"name": b.Name, "description": b.Description} {
		if value != "" {
			out[field] = value
		}
	}
	return out
}
