package web

import (
	"cmp"
	"embed"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"
)

//go:embed static openapi.yaml
var static embed.FS

// answer is what a page shows.
type answer struct {
	// status is that of HTTP; data is nil but for 200.
	status int
	// template is the page's, title its heading, and data what it shows, which is the answer in JSON as well.
	template, title string
	data            any
	// failure is why there is no data.
	failure string
}

// view makes an answer of a request. Its path is the one below /api/v1 or of the page.
type view func(r *http.Request) answer

// routes returns the pages, and the same as JSON.
func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	for path, v := range map[string]view{
		"/{$}":                   s.overviewView,
		"/installations/{id...}": s.installationView,
		"/commits/{commit...}":   s.commitView,
		"/search":                s.searchView,
	} {
		mux.Handle("GET "+path, s.page(v))
		mux.Handle("GET /api/v1"+path, asJSON(v))
	}
	mux.HandleFunc("GET /plots/{plot}", s.plot)
	mux.Handle("GET /static/", http.FileServerFS(static))
	mux.HandleFunc("GET /api/v1/openapi.yaml", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/yaml")
		http.ServeFileFS(w, r, static, "openapi.yaml")
	})
	mux.Handle("GET /api/", asJSON(func(*http.Request) answer { return notFound("there is no such path: /api/v1/openapi.yaml has them") }))
	mux.Handle("GET /", s.page(func(*http.Request) answer { return notFound("There is no such page.") }))
	return mux
}

func notFound(why string) answer {
	return answer{status: http.StatusNotFound, title: "Not found", failure: why}
}

// number returns a page's number in a query, from 1 on.
func number(r *http.Request, name string) int {
	n, err := strconv.Atoi(r.URL.Query().Get(name))
	if err != nil || n < 1 {
		return 1
	}
	return min(n, 1<<20)
}

func (s *Server) overviewView(r *http.Request) answer {
	data, err := s.reader.overview(r.Context(), overviewQuery{
		members: number(r, "members"), installations: number(r, "installations"), providers: number(r, "providers"),
	})
	if err != nil {
		s.options.Log.Error(err, "the fleet page cannot be made")
		return answer{status: http.StatusServiceUnavailable, title: "Not available", failure: "The hub's own cluster does not answer."}
	}
	return answer{status: http.StatusOK, template: "overview.html", title: "Fleet", data: data}
}

func (s *Server) installationView(r *http.Request) answer {
	id := r.PathValue("id")
	data, ok := s.reader.installation(id)
	if !ok {
		return notFound("No installation of that ID is in use on this replica. Only the leader uses any.")
	}
	return answer{status: http.StatusOK, template: "installation.html", title: id, data: data}
}

func (s *Server) commitView(r *http.Request) answer {
	repo, sha, ok := splitCommit(r.PathValue("commit"))
	if !ok {
		return notFound("A commit's page is /commits/HOST/REPOSITORY/SHA.")
	}
	data, ok := s.reader.commit(commitQuery{repo: repo, sha: strings.ToLower(sha), name: r.URL.Query().Get("name"), page: number(r, "page")})
	if !ok {
		return notFound("No CommitStatus in any member is about that commit.")
	}
	return answer{status: http.StatusOK, template: "commit.html", title: data.SHA[:min(7, len(data.SHA))] + " of " + data.Repo, data: data}
}

// longestQuery is the longest search in bytes: a repository, a hash and a name are shorter.
const longestQuery = 1024

func (s *Server) searchView(r *http.Request) answer {
	query := r.URL.Query().Get("q")
	if len(query) > longestQuery {
		return answer{status: http.StatusBadRequest, title: "Search", failure: "The search is too long."}
	}
	return answer{status: http.StatusOK, template: "search.html", title: "Search", data: s.reader.search(query, number(r, "page"))}
}

// plot serves a drawing of an installation's history.
func (s *Server) plot(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	page, ok := s.reader.installation(q.Get("installation"))
	samples, theme := page.Hour, q.Get("theme")
	if q.Get("range") == "day" {
		samples = page.Day
	}
	draw := map[string]func(InstallationPage, []Sample, string) lines{"budget.svg": budgetLines, "queue.svg": queueLines}[r.PathValue("plot")]
	width := plotWidths[cmp.Or(q.Get("size"), "wide")]
	if _, known := palettes[theme]; !ok || draw == nil || !known || width == 0 || len(samples) == 0 {
		http.NotFound(w, r)
		return
	}
	lines := draw(page, samples, theme)
	lines.width = width
	out, err := lines.svg()
	if err != nil {
		s.options.Log.Error(err, "a plot cannot be drawn")
		http.Error(w, "the plot cannot be drawn", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "image/svg+xml")
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(writeTimeout))
	_, _ = w.Write(out)
}

// asJSON serves a view as JSON.
func asJSON(v view) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a := v(r)
		data := a.data
		if a.failure != "" {
			data = Failure{Error: a.failure}
		}
		out, err := json.MarshalIndent(data, "", "  ")
		if err != nil {
			http.Error(w, "the answer cannot be written", http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(writeTimeout))
		w.WriteHeader(a.status)
		_, _ = w.Write(append(out, '\n'))
	})
}
