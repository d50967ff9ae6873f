package gitea

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	// defaultPage and mostPage are Gitea's DEFAULT_PAGING_NUM and MAX_RESPONSE_ITEMS.
	defaultPage = 30
	mostPage    = 50
	// mostState and mostText are a VARCHAR(7) and a TEXT, which not all of Gitea's
	// databases enforce.
	mostState = 7
	mostText  = 65535
)

// Status is one commit status. A commit's statuses of a Context are all kept, and
// the one of the highest ID is what Gitea shows.
type Status struct {
	// ID is what the API calls so: the number of the status on its commit.
	ID          int64
	State       string
	TargetURL   string
	Description string
	Context     string
	// Creator is the name of the user who made it.
	Creator string
	Created time.Time
}

// Statuses returns the statuses of a commit, the oldest first.
func (s *Server) Statuses(path, sha string) (all []Status) {
	s.Do(func() { all = slices.Clone(s.world.must(path).statuses[fold(sha)]) })
	return all
}

// AddStatus makes a status that no call made, and returns its ID. It is the newest of
// its context.
func (s *Server) AddStatus(path, sha string, status Status) (id int64) {
	s.Do(func() {
		r := s.world.must(path)
		if !r.commits[fold(sha)] {
			panic(fmt.Sprintf("commit %s of %s of the fake Gitea: there is none", sha, path))
		}
		s.world.id(status.Creator)
		id = r.add(fold(sha), status, s.clock.Now()).ID
	})
	return id
}

// DeleteStatuses makes those of a context vanish. No call of the API does that, but a
// repository that is made anew has none.
func (s *Server) DeleteStatuses(path, sha, context string) {
	s.Do(func() {
		r := s.world.must(path)
		r.statuses[fold(sha)] = slices.DeleteFunc(r.statuses[fold(sha)], func(st Status) bool { return st.Context == context })
	})
}

func (r *repo) add(sha string, status Status, now time.Time) Status {
	r.indices[sha]++
	status.ID, status.Created = r.indices[sha], now
	status.Description = strings.TrimSpace(status.Description)
	status.Context = strings.TrimSpace(status.Context)
	status.TargetURL = strings.TrimSpace(status.TargetURL)
	r.statuses[sha] = append(r.statuses[sha], status)
	return status
}

// createStatus does not check the state: Gitea stores any.
func (s *Server) createStatus(x *exchange) answer {
	r, refused := s.repository(x, "write")
	if refused != nil {
		return *refused
	}
	var form struct {
		State       string `json:"state"`
		TargetURL   string `json:"target_url"`
		Description string `json:"description"`
		Context     string `json:"context"`
	}
	if !strings.Contains(x.Request.Header.Get("Content-Type"), "json") {
		return s.refuse(http.StatusUnprocessableEntity, "[]: Empty Content-Type")
	}
	if err := json.Unmarshal(x.Body, &form); err != nil {
		return s.refuse(http.StatusUnprocessableEntity, "[]: %v", err)
	}
	sha := x.Params["sha"]
	if !r.commits[sha] {
		return s.fail(x, "GetCommit[%s]: object does not exist [id: %s, rel_path: ]", sha, sha)
	}
	if len(form.State) > mostState || len(form.Description) > mostText || len(form.TargetURL) > mostText || len(form.Context) > mostText {
		return s.fail(x, "NewCommitStatus[repo_id: 1, user_id: 1, sha: %s]: insert CommitStatus: Error 1406 (22001): Data too long for column", sha)
	}
	made := r.add(sha, Status{
		State: form.State, TargetURL: form.TargetURL, Description: form.Description, Context: form.Context, Creator: x.token.user,
	}, x.Now)
	return reply(http.StatusCreated, s.render(r, sha, made))
}

// listStatuses lists those of a commit, the oldest first unless sort says otherwise.
// It does not look whether there is such a commit.
func (s *Server) listStatuses(x *exchange) answer {
	r, refused := s.repository(x, "read")
	if refused != nil {
		return *refused
	}
	query := x.Request.URL.Query()
	sha := x.Params["sha"]
	all := slices.Clone(r.statuses[sha])
	switch query.Get("sort") {
	case "leastindex":
		slices.Reverse(all)
	case "", "oldest", "recentupdate", "leastupdate", "highestindex":
		// By seconds, in which a test's statuses are all made: the order is then that of
		// the database.
	}
	page, limit := max(number(query.Get("page"), 1), 1), number(query.Get("limit"), defaultPage)
	if limit <= 0 || limit > mostPage {
		limit = mostPage
	}
	from := min((page-1)*limit, len(all))
	to := min(from+limit, len(all))
	shown := []any{}
	for _, st := range all[from:to] {
		shown = append(shown, s.render(r, sha, st))
	}
	a := reply(http.StatusOK, shown)
	a.Header.Set("X-Total-Count", strconv.Itoa(len(all)))
	if links := s.links(x, page, (len(all)+limit-1)/limit); len(links) > 0 {
		a.Header.Set("Link", strings.Join(links, ","))
	}
	return a
}

func number(text string, otherwise int) int {
	n, err := strconv.Atoi(text)
	if err != nil {
		return otherwise
	}
	return n
}

func (s *Server) links(x *exchange, page, pages int) []string {
	var links []string
	link := func(to int, rel string) {
		u := *x.Request.URL
		q := u.Query()
		q.Set("page", strconv.Itoa(to))
		u.RawQuery = q.Encode()
		links = append(links, fmt.Sprintf("<%s%s>; rel=%q", s.Root(), u.RequestURI(), rel))
	}
	if page < pages {
		link(page+1, "next")
		link(pages, "last")
	}
	if page > 1 {
		link(1, "first")
		link(page-1, "prev")
	}
	return links
}

func (s *Server) render(r *repo, sha string, st Status) map[string]any {
	created := st.Created.UTC().Format(time.RFC3339)
	return map[string]any{
		"id": st.ID, "status": st.State, "target_url": st.TargetURL, "description": st.Description,
		"url": s.URL() + "/repos/" + r.path + "/statuses/" + sha, "context": st.Context,
		"creator": s.world.user(st.Creator), "created_at": created, "updated_at": created,
	}
}
