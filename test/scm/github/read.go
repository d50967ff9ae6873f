package github

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Pages of a list (GitHub docs, "Using pagination in the REST API").
const (
	defaultPerPage = 30
	maxPerPage     = 100
)

func (s *Server) getCheckRun(x *exchange) (answer, *refused) {
	if err := s.asReader(x); err != nil {
		return answer{}, err
	}
	r, err := s.runAt(x)
	if err != nil {
		return answer{}, err
	}
	return reply(http.StatusOK, s.renderRun(r)), nil
}

func (s *Server) listCheckRuns(x *exchange) (answer, *refused) {
	if err := s.asReader(x); err != nil {
		return answer{}, err
	}
	if !s.world.commits[x.repository()][x.path("ref")] {
		return answer{}, noCommit(x.Params["ref"])
	}
	found, err := s.runs.query(commit{x.repository(), x.path("ref")}, x.Request.URL.Query())
	if err != nil {
		return answer{}, err
	}
	from, to, link := s.page(x, len(found))
	shown := []any{}
	for _, r := range found[from:to] {
		shown = append(shown, s.renderRun(r))
	}
	a := reply(http.StatusOK, map[string]any{"total_count": len(found), "check_runs": shown})
	if link != nil {
		a.Header["Link"] = link
	}
	return a, nil
}

// page is which part of a list of so many a request asks for, and the Link header
// that goes with it, nil where that is all.
func (s *Server) page(x *exchange, count int) (from, to int, link []string) {
	q := x.Request.URL.Query()
	perPage := min(positive(q.Get("per_page"), defaultPerPage), maxPerPage)
	page := positive(q.Get("page"), 1)
	from = min((page-1)*perPage, count)
	if text := s.pages(x, page, (count+perPage-1)/perPage); text != "" {
		link = []string{text}
	}
	return from, min(from+perPage, count), link
}

// query returns the runs on a commit that a list asks for, the newest first.
func (c *checkRuns) query(at commit, q url.Values) ([]*run, *refused) {
	filter, status := q.Get("filter"), q.Get("status")
	if filter != "" && filter != "latest" && filter != "all" {
		return nil, notMember("filter", filter, []string{"latest", "all"})
	}
	if status != "" && !slices.Contains(statuses, status) {
		return nil, notMember("status", status, statuses)
	}
	app, bad := strconv.ParseInt(q.Get("app_id"), 10, 64)
	if q.Has("app_id") && bad != nil {
		return nil, invalid("For 'properties/app_id', %q is not an integer.", q.Get("app_id"))
	}
	var found []*run
	seen := map[named]bool{}
	for _, r := range slices.Backward(c.byCommit[at]) {
		key := named{r.suite, r.Name}
		hidden := filter != "all" && seen[key]
		seen[key] = true
		if hidden ||
			(q.Has("app_id") && r.AppID != app) ||
			(q.Has("check_name") && r.Name != q.Get("check_name")) ||
			(status != "" && r.Status != status) {
			continue
		}
		found = append(found, r)
	}
	return found, nil
}

// pages is the Link header of one page of several.
func (s *Server) pages(x *exchange, page, last int) string {
	var links []string
	link := func(to int, rel string) {
		u := *x.Request.URL
		q := u.Query()
		q.Set("page", strconv.Itoa(to))
		u.RawQuery = q.Encode()
		links = append(links, fmt.Sprintf("<%s%s>; rel=%q", s.URL(), u.RequestURI(), rel))
	}
	if page > 1 {
		link(page-1, "prev")
	}
	if page < last {
		link(page+1, "next")
		link(last, "last")
	}
	if page > 1 {
		link(1, "first")
	}
	return strings.Join(links, ", ")
}

func positive(value string, otherwise int) int {
	if n, err := strconv.Atoi(value); err == nil && n > 0 {
		return n
	}
	return otherwise
}

// conditional adds the ETag to what a GET of this API found, and turns the
// answer into a 304 if the client knows it. The ETag depends on the token, as
// GitHub's does.
func (s *Server) conditional(x *exchange, a *answer) {
	if x.Request.Method != http.MethodGet || a.Status != http.StatusOK {
		return
	}
	sum := sha256.Sum256(append([]byte(bearer(x.Request)+"\n"), a.Body...))
	tag := `"` + hex.EncodeToString(sum[:]) + `"`
	a.SetDefault("Etag", "W/"+tag)
	for known := range strings.SplitSeq(x.Request.Header.Get("If-None-Match"), ",") {
		if strings.TrimPrefix(strings.TrimSpace(known), "W/") == tag {
			a.Status, a.Body = http.StatusNotModified, nil
			a.Header.Del("Content-Type")
			return
		}
	}
}
