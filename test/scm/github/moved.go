package github

import (
	"net/http"
	"strconv"
	"strings"
)

// OpGetRepository reads a repository.
const OpGetRepository = "get_repository"

// MoveRepo renames or transfers a repository. The old path redirects to /repositories/ID: GET
// by 301, all else by 307 (GitHub docs, "Follow redirects").
func (s *Server) MoveRepo(from, to string) {
	s.Do(func() {
		w := &s.world
		w.commits[fold(to)] = w.commits[fold(from)]
		delete(w.commits, fold(from))
		w.ids[fold(to)] = w.id(from)
		delete(w.ids, fold(from))
		w.moved[fold(from)] = to
		for former, path := range w.moved {
			if fold(path) == fold(from) {
				w.moved[former] = to
			}
		}
		delete(w.moved, fold(to))
		s.runs.move(fold(from), fold(to))
		s.statuses.move(fold(from), fold(to))
	})
}

// move has all runs of a repository go along.
func (c *checkRuns) move(from, to string) {
	for at, runs := range c.byCommit {
		if at.repository != from {
			continue
		}
		for _, r := range runs {
			r.Repository = to
		}
		c.byCommit[commit{to, at.sha}] = runs
		delete(c.byCommit, at)
	}
	for of, suite := range c.suites {
		if of.repository == from {
			moved := of
			moved.repository = to
			c.suites[moved] = suite
			delete(c.suites, of)
		}
	}
}

// move has all commit statuses of a repository go along.
func (c *commitStatuses) move(from, to string) {
	for at, statuses := range c.byCommit {
		if at.repository != from {
			continue
		}
		for i := range statuses {
			statuses[i].Repository = to
		}
		c.byCommit[commit{to, at.sha}] = statuses
		delete(c.byCommit, at)
	}
}

// redirected is the answer to a request for a repository that has moved, nil for others.
func (s *Server) redirected(r *http.Request) *answer {
	parts := strings.SplitN(r.URL.Path, "/", 5) // "", repos, owner, name, rest
	if len(parts) < 4 || parts[1] != "repos" {
		return nil
	}
	to, ok := s.world.moved[fold(parts[2]+"/"+parts[3])]
	if !ok {
		return nil
	}
	where := s.URL() + "/repositories/" + strconv.FormatInt(s.world.id(to), 10)
	if len(parts) == 5 {
		where += "/" + parts[4]
	}
	if r.URL.RawQuery != "" {
		where += "?" + r.URL.RawQuery
	}
	status := http.StatusTemporaryRedirect
	if r.Method == http.MethodGet {
		status = http.StatusMovedPermanently
	}
	a := reply(status, map[string]string{"message": "Moved Permanently", "url": where, "documentation_url": docsRoot})
	a.Header.Set("Location", where)
	return &a
}

// byID returns the path of a request by a repository's path where it has the repository's number.
func (s *Server) byID(path string) string {
	parts := strings.SplitN(path, "/", 4) // "", repositories, ID, rest
	if len(parts) < 3 || parts[1] != "repositories" {
		return path
	}
	for name := range s.world.commits {
		if strconv.FormatInt(s.world.ids[name], 10) == parts[2] {
			return strings.Join(append([]string{"", "repos", name}, parts[3:]...), "/")
		}
	}
	return path
}

func (s *Server) getRepository(x *exchange) (answer, *refused) {
	if s.world.commits[x.repository()] == nil || x.caller.installation == 0 && x.caller.user == nil {
		return answer{}, refusal(http.StatusNotFound, "Not Found")
	}
	return reply(http.StatusOK, map[string]any{"id": s.world.id(x.repository()), "full_name": x.repository()}), nil
}
