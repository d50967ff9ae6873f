package gitlab

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// Pages of a list (GitLab docs, "REST API", pagination).
const (
	defaultPerPage = 20
	maxPerPage     = 100
)

func (s *Server) listStatuses(x *exchange) (answer, *refused) {
	u, err := s.authenticated(x)
	if err != nil {
		return answer{}, err
	}
	if to, moved := s.world.moved[fold(x.Params["id"])]; moved && s.world.find(x.Params["id"]) == nil {
		return s.movedTo(x, to), nil
	}
	p, err := s.projectFor(x, u, Reporter)
	if err != nil {
		return answer{}, err
	}
	at := commit{p.id, fold(x.Params["sha"])}
	if _, known := p.commits[at.sha]; !known {
		return answer{}, notFound("Commit")
	}
	q := x.Request.URL.Query()
	page, err := number(q, "page", 1)
	if err != nil {
		return answer{}, err
	}
	perPage, err := number(q, "per_page", defaultPerPage)
	if err != nil {
		return answer{}, err
	}
	found, err := s.shown.query(at, q)
	if err != nil {
		return answer{}, err
	}
	return s.pageOf(x, found, page, min(perPage, maxPerPage)), nil
}

// getProject answers with what is used of a project.
func (s *Server) getProject(x *exchange) (answer, *refused) {
	u, err := s.authenticated(x)
	if err != nil {
		return answer{}, err
	}
	if to, moved := s.world.moved[fold(x.Params["id"])]; moved && s.world.find(x.Params["id"]) == nil {
		return s.movedTo(x, to), nil
	}
	p, err := s.projectFor(x, u, Reporter)
	if err != nil {
		return answer{}, err
	}
	return reply(http.StatusOK, map[string]any{"id": p.id, "path_with_namespace": p.path}), nil
}

// query returns the statuses of a commit that a list asks for, the oldest first.
func (p *pipelines) query(at commit, q url.Values) ([]*Status, *refused) {
	all := q.Get("all")
	if all != "" && all != "true" && all != "false" {
		return nil, misfit("all is invalid")
	}
	pipeline, err := number(q, "pipeline_id", 0)
	if err != nil {
		return nil, err
	}
	found := []*Status{}
	for _, s := range p.statuses[at] {
		if s.Retried && all != "true" ||
			q.Get("ref") != "" && s.Ref != q.Get("ref") ||
			q.Get("name") != "" && s.Name != q.Get("name") ||
			pipeline != 0 && s.Pipeline != int64(pipeline) {
			continue
		}
		found = append(found, s)
	}
	return found, nil
}

func number(q url.Values, name string, otherwise int) (int, *refused) {
	if !q.Has(name) {
		return otherwise, nil
	}
	n, err := strconv.Atoi(q.Get(name))
	if err != nil {
		return 0, misfit("%s is invalid", name)
	}
	if n <= 0 {
		return 0, misfit("%s does not have a valid value", name)
	}
	return n, nil
}

// pageOf is one page of a list, with the headers that lead to the others.
func (s *Server) pageOf(x *exchange, found []*Status, page, perPage int) answer {
	from := min((page-1)*perPage, len(found))
	shown := []any{}
	for _, each := range found[from:min(from+perPage, len(found))] {
		shown = append(shown, s.renderStatus(each))
	}
	a := reply(http.StatusOK, shown)
	last := max(1, (len(found)+perPage-1)/perPage)
	for name, value := range map[string]int{
		"X-Page": page, "X-Per-Page": perPage, "X-Total": len(found), "X-Total-Pages": last,
	} {
		a.Header.Set(name, strconv.Itoa(value))
	}
	var links []string
	link := func(to int, rel string) {
		u := *x.Request.URL
		q := u.Query()
		q.Set("page", strconv.Itoa(to))
		u.RawQuery = q.Encode()
		links = append(links, fmt.Sprintf("<%s%s>; rel=%q", s.origin(), u.RequestURI(), rel))
	}
	a.Header["X-Prev-Page"], a.Header["X-Next-Page"] = []string{""}, []string{""}
	if page > 1 {
		a.Header.Set("X-Prev-Page", strconv.Itoa(page-1))
		link(page-1, "prev")
	}
	if page < last {
		a.Header.Set("X-Next-Page", strconv.Itoa(page+1))
		link(page+1, "next")
	}
	link(1, "first")
	link(last, "last")
	a.Header.Set("Link", strings.Join(links, ", "))
	return a
}

// movedTo sends a read on to where a project is now.
func (s *Server) movedTo(x *exchange, path string) answer {
	u := *x.Request.URL
	_, rest, _ := strings.Cut(strings.TrimPrefix(u.EscapedPath(), apiRoot+"/projects/"), "/")
	to := strings.TrimSuffix(fmt.Sprintf("%s/projects/%d/%s", s.URL(), s.world.project(path).id, rest), "/")
	if u.RawQuery != "" {
		to += "?" + u.RawQuery
	}
	a := reply(http.StatusMovedPermanently, map[string]string{"message": "This resource has been moved permanently to " + to})
	a.Header.Set("Location", to)
	return a
}

func (s *Server) origin() string { return strings.TrimSuffix(s.URL(), apiRoot) }
