package why

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/argoproj-labs/commit-status-hub/hub/web"
)

// rows is how many results a page of a search has.
const rows = 2

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// fleet is a fleet page that knows some CommitStatuses and commits.
type fleet struct {
	objects []web.Object
	// more reports whether a search finds more than it collects.
	more bool
	// pages are those of commits, by repository and hash. One of a name alone has the name after "#".
	pages map[string]web.CommitPage
	// token is wanted of who asks, unless it is "".
	token string
	// asked are the requests.
	asked []string
}

// ServeHTTP implements http.Handler.
func (f *fleet) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.asked = append(f.asked, r.URL.RequestURI())
	if f.token != "" && r.Header.Get("Authorization") != "Bearer "+f.token {
		http.Error(w, "Unauthorized", http.StatusUnauthorized)
		return
	}
	if r.URL.Path == "/api/v1/search" {
		answer(w, http.StatusOK, f.search(r.URL.Query().Get("q"), r.URL.Query().Get("page")))
		return
	}
	path, _ := strings.CutPrefix(r.URL.Path, "/api/v1/commits/")
	if name := r.URL.Query().Get("name"); name != "" {
		path += "#" + name
	}
	if page, ok := f.pages[path]; ok {
		answer(w, http.StatusOK, page)
		return
	}
	answer(w, http.StatusNotFound, web.Failure{Error: "No CommitStatus in any member is about that commit."})
}

func (f *fleet) search(words, number string) web.SearchPage {
	page := web.SearchPage{Results: []web.Object{}, More: f.more}
	n, _ := strconv.Atoi(number)
	for _, o := range f.objects {
		if !strings.Contains(o.ID, words) && !strings.Contains(o.SHA, words) {
			continue
		}
		if page.Total/rows == n-1 {
			page.Results = append(page.Results, o)
		}
		page.Total++
	}
	return page
}

func answer(w http.ResponseWriter, code int, data any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(data)
}

// client serves the fleet page, and returns a client of it.
func (f *fleet) client(t *testing.T) Client {
	t.Helper()
	server := httptest.NewServer(f)
	t.Cleanup(server.Close)
	return Client{HTTP: NewHTTP(server.Client().Transport), Base: server.URL, Token: f.token}
}

// object is a CommitStatus that claims a status on a commit; without a repository it claims none.
func object(id, repo, sha string) web.Object {
	o := web.Object{ID: id, Repo: repo, SHA: sha, Name: "ci", Phase: "success", Ready: "True", Reason: "Synced"}
	if repo == "" {
		o.Ready, o.Reason, o.Message = "False", "GitRepoNotFound", "there is no GitRepo shop in namespace team-a"
		return o
	}
	o.Path = "/commits/" + repo + "/" + sha
	return o
}

// page is the page of a commit with one name for the CommitStatuses.
func page(repo, sha string, objects ...web.Object) web.CommitPage {
	return web.CommitPage{
		At: noon, Hub: web.Hub{Leader: true}, Repo: repo, SHA: sha, Path: "/commits/" + repo + "/" + sha, Total: 1,
		Names: []web.Name{{Name: "ci", Certain: true, Claims: objects, ClaimsTotal: len(objects)}},
	}
}
