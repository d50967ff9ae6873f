package web

import (
	"context"
	"net"
	"net/http"
	"net/url"
	"strings"
)

// accessPath is the path for which the API server is asked whether somebody may look, whatever the
// page.
const accessPath = "/fleet"

// guarded returns the pages behind who may see them. On loopback nobody is asked who they are, so
// a page of another site must not get at them by a name of its own that leads to this machine:
// only names of this machine are answered. On any other address the API server is asked.
func (s *Server) guarded(local bool) (http.Handler, error) {
	pages := s.routes()
	if local {
		return withHeaders(onlyLocal(pages)), nil
	}
	inner, err := s.options.Authorize(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		pages.ServeHTTP(w, original(r))
	}))
	if err != nil {
		return nil, err
	}
	return withHeaders(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		inner.ServeHTTP(w, asAccess(r))
	})), nil
}

type originalKey struct{}

// asAccess returns a request by which the API server is asked.
func asAccess(r *http.Request) *http.Request {
	out := r.Clone(context.WithValue(r.Context(), originalKey{}, r))
	out.Method, out.URL = http.MethodGet, &url.URL{Path: accessPath}
	return out
}

// original returns the request that asAccess was made of, with what was found out about its sender.
func original(r *http.Request) *http.Request {
	before, ok := r.Context().Value(originalKey{}).(*http.Request)
	if !ok {
		return r
	}
	return before.WithContext(r.Context())
}

// onlyLocal answers requests whose Host is this machine.
func onlyLocal(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !localHost(r.Host) {
			http.Error(w, "the fleet page is served to localhost only", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// localHost reports whether a Host header names this machine.
func localHost(hostport string) bool {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		host = strings.Trim(hostport, "[]")
	}
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}

// withHeaders keeps browsers from anything but showing the pages: nothing is loaded from elsewhere,
// no other site frames them, nothing is stored, and a link that is followed does not reveal the page.
func withHeaders(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}
