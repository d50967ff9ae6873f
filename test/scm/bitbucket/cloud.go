package bitbucket

import (
	"fmt"
	"net/http"
	"strconv"
	"time"
)

const (
	// cloudPage and mostCloudPage are how many are on a page, unless pagelen says
	// otherwise, and at most.
	cloudPage     = 10
	mostCloudPage = 100
)

var (
	cloudStates = []string{"INPROGRESS", "SUCCESSFUL", "FAILED", "STOPPED"}
	// Only the length of the key is documented; the stricter of what the others could be.
	cloudLengths = lengths{key: 40, name: 255, description: 255}
)

// setCloud makes a build status, or changes the one of the same key. Whether what the
// body leaves out stays as it was is not documented: it does here.
func (s *Server) setCloud(x *exchange) answer {
	r, refused := s.commit(x, "write")
	if refused != nil {
		return *refused
	}
	f, field, problem := x.read(cloudStates, cloudLengths)
	if problem != "" {
		return reply(http.StatusBadRequest, map[string]any{"type": "error", "error": map[string]any{
			"fields": map[string]any{field: []string{problem}}, "message": field + ": " + problem,
		}})
	}
	sha := x.Params["sha"]
	old := r.find(sha, *f.Key)
	if old == nil {
		old = &Build{}
	}
	if old.Author != "" && old.Author != x.token.user {
		return s.refuse(http.StatusForbidden, "", "Only the author of a build status can overwrite it.")
	}
	made := r.set(sha, Build{
		Key: *f.Key, State: *f.State, URL: *f.URL, Author: x.token.user,
		Name: text1(f.Name, old.Name), Description: text1(f.Description, old.Description),
	}, x.Now)
	return reply(http.StatusCreated, s.renderCloud(r, sha, *made))
}

func (s *Server) getCloud(x *exchange) answer {
	r, refused := s.commit(x, "read")
	if refused != nil {
		return *refused
	}
	b := r.find(x.Params["sha"], x.Params["key"])
	if b == nil {
		return s.refuse(http.StatusNotFound, "", "No build status with key %s", x.Params["key"])
	}
	return reply(http.StatusOK, s.renderCloud(r, x.Params["sha"], *b))
}

func (s *Server) listCloud(x *exchange) answer {
	r, refused := s.commit(x, "read")
	if refused != nil {
		return *refused
	}
	query := x.Request.URL.Query()
	length := number(query.Get("pagelen"), cloudPage)
	if length < 1 || length > mostCloudPage {
		return s.refuse(http.StatusBadRequest, "", "Invalid pagelen")
	}
	sha := x.Params["sha"]
	at := max(number(query.Get("page"), 1), 1)
	some, next := page(r.commits[sha], (at-1)*length, length)
	values := []any{}
	for _, b := range some {
		values = append(values, s.renderCloud(r, sha, b))
	}
	body := map[string]any{"pagelen": length, "page": at, "size": len(r.commits[sha]), "values": values}
	if next > 0 {
		query.Set("page", strconv.Itoa(at+1))
		body["next"] = s.Root() + x.Request.URL.EscapedPath() + "?" + query.Encode()
	}
	return reply(http.StatusOK, body)
}

func number(text string, otherwise int) int {
	n, err := strconv.Atoi(text)
	if err != nil {
		return otherwise
	}
	return n
}

func (s *Server) renderCloud(r *repo, sha string, b Build) map[string]any {
	self := fmt.Sprintf("%s/repositories/%s/commit/%s", s.URL(), r.path, sha)
	return map[string]any{
		"type": "build", "key": b.Key, "state": b.State, "name": b.Name, "description": b.Description, "url": b.URL,
		"refname": nil, "created_on": b.Created.UTC().Format(time.RFC3339Nano), "updated_on": b.Updated.UTC().Format(time.RFC3339Nano),
		"links": map[string]any{"commit": map[string]any{"href": self}},
	}
}
