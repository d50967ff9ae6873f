package web

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"strings"
	"time"
)

//go:embed templates
var templateFiles embed.FS

var templates = template.Must(template.New("").Funcs(template.FuncMap{
	"ago": ago, "stamp": stamp, "count": count, "phase": phaseMark, "ready": readyMark, "link": safeLink, "short": short,
	"within": within, "seconds": seconds, "plural": plural, "limitTitle": limitTitle, "paged": pagedOf, "at": withTime,
	"installationPath": installationPath, "searchPath": searchPath, "plot": plotOf, "query": query, "code": codeMark, "helpOf": helpOf,
}).ParseFS(templateFiles, "templates/*.html"))

// document is what the frame of every page shows.
type document struct {
	Title, Template string
	Data            any
	Failure         string
	Hub             Hub
	Version, Query  string
	// Now is when the page was made, and URL its address.
	Now time.Time
	URL *url.URL
	// Single reports whether a commit's page is about one name.
	Single bool
}

// page serves a view as HTML, or as a stream of updates to who asks for one.
func (s *Server) page(v view) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.Header.Get("Accept"), "text/event-stream") {
			s.stream(w, r, v)
			return
		}
		a := v(r)
		out, err := s.render(r, a, false)
		if err != nil {
			s.options.Log.Error(err, "a page cannot be made")
			http.Error(w, "the page cannot be made", http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(writeTimeout))
		w.WriteHeader(a.status)
		_, _ = w.Write(out)
	})
}

// render makes the HTML of an answer before anything of it is sent: what is shown was copied
// before, so no lock is held.
func (s *Server) render(r *http.Request, a answer, frameless bool) ([]byte, error) {
	d := document{
		Title: a.title, Template: a.template, Data: a.data, Failure: a.failure, Hub: s.reader.hub(), Version: s.reader.Version,
		Query: r.URL.Query().Get("q"), Now: s.reader.Clock.Now(), URL: r.URL, Single: r.URL.Query().Get("name") != "",
	}
	var content, out bytes.Buffer
	name := a.template
	if a.failure != "" {
		name = "failure.html"
	}
	for _, part := range []string{"notice", name} {
		if err := templates.ExecuteTemplate(&content, part, d); err != nil {
			return nil, fmt.Errorf("rendering %s: %w", part, err)
		}
	}
	if frameless {
		return content.Bytes(), nil
	}
	// The content was escaped where it was made.
	frame := struct {
		document
		Content template.HTML
	}{d, template.HTML(content.String())} //nolint:gosec // made by html/template just before
	if err := templates.ExecuteTemplate(&out, "frame.html", frame); err != nil {
		return nil, fmt.Errorf("rendering the frame: %w", err)
	}
	return out.Bytes(), nil
}
