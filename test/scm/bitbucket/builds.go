package bitbucket

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf16"
	"unicode/utf8"
)

// Build is one build status.
type Build struct {
	Key, State, Name, Description, URL string
	// Author is the user who made it, "" for nobody who is known. In Cloud nobody else
	// may change it.
	Author           string
	Created, Updated time.Time
}

// Builds returns the build statuses of a commit, the oldest first.
func (s *Server) Builds(path, sha string) (builds []Build) {
	s.Do(func() { builds = slices.Clone(s.world.must(path, sha).commits[fold(sha)]) })
	return builds
}

// SetBuild makes or changes a build status by no call.
func (s *Server) SetBuild(path, sha string, b Build) {
	s.Do(func() { s.world.must(path, sha).set(fold(sha), b, s.clock.Now()) })
}

// DeleteBuild makes a build status vanish.
func (s *Server) DeleteBuild(path, sha, key string) {
	s.Do(func() {
		r := s.world.must(path, sha)
		r.commits[fold(sha)] = slices.DeleteFunc(r.commits[fold(sha)], func(b Build) bool { return b.Key == key })
	})
}

func (r *repo) find(sha, key string) *Build {
	for i := range r.commits[sha] {
		if b := &r.commits[sha][i]; b.Key == key {
			return b
		}
	}
	return nil
}

// set makes or replaces the build status of a key.
func (r *repo) set(sha string, b Build, now time.Time) *Build {
	b.Created, b.Updated = now, now
	old := r.find(sha, b.Key)
	if old == nil {
		r.commits[sha] = append(r.commits[sha], b)
		return r.find(sha, b.Key)
	}
	b.Created, b.Author = old.Created, old.Author
	*old = b
	return old
}

// form is the body of a POST. What is left out is nil.
type form struct {
	Key         *string `json:"key"`
	State       *string `json:"state"`
	Name        *string `json:"name"`
	Description *string `json:"description"`
	URL         *string `json:"url"`
}

// limits of a service's fields, in characters; 0 is none.
type lengths struct{ key, name, description, url int }

// read reads a form, and says in which field it is wrong and how.
func (x *exchange) read(states []string, most lengths) (f form, field, problem string) {
	if !strings.HasPrefix(x.Request.Header.Get("Content-Type"), "application/json") || json.Unmarshal(x.Body, &f) != nil {
		return f, "body", "is no JSON object"
	}
	for _, each := range []struct {
		field    string
		value    *string
		required bool
		most     int
		units    bool
	}{
		{"key", f.Key, true, most.key, false},
		{"state", f.State, true, 0, false},
		{"url", f.URL, true, most.url, true},
		{"name", f.Name, false, most.name, false},
		{"description", f.Description, false, most.description, true},
	} {
		switch {
		case each.required && (each.value == nil || *each.value == ""):
			return f, each.field, "This field is required."
		case each.value == nil || each.most == 0:
		case each.units && units(*each.value) > each.most, utf8.RuneCountInString(*each.value) > each.most:
			return f, each.field, "Ensure this value has fewer characters."
		}
	}
	if !slices.Contains(states, *f.State) {
		return f, "state", "is not one of " + strings.Join(states, ", ")
	}
	if u, err := url.Parse(*f.URL); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return f, "url", "Enter a valid URL."
	}
	return f, "", ""
}

// units is the length of a text as Java counts it.
func units(text string) int { return len(utf16.Encode([]rune(text))) }

func text1(s *string, otherwise string) string {
	if s == nil {
		return otherwise
	}
	return *s
}

// page cuts a page out of builds, from one index on. next is 0 after the last.
func page(builds []Build, from, limit int) (some []Build, next int) {
	from = min(from, len(builds))
	to := min(from+limit, len(builds))
	if to < len(builds) {
		next = to
	}
	return builds[from:to], next
}

func noContent() answer { return answer{Status: http.StatusNoContent, Header: http.Header{}} }
