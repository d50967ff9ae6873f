package wire

import (
	"net/http"
	"net/url"
	"strings"
)

// Route is one call of an API, which a handler of type H answers.
type Route[H any] struct {
	Method, Pattern string
	// Operation is what the ledger calls it.
	Operation string
	Handle    H
}

// On makes a Route.
func On[H any](method, pattern, operation string, handle H) Route[H] {
	return Route[H]{Method: method, Pattern: pattern, Operation: operation, Handle: handle}
}

// Find returns the first route that a request fits with an escaped path, nil for none. The exchange
// has the parameters of that path, and its Call the operation.
func Find[H any](routes []Route[H], x *Exchange, escaped string) *Route[H] {
	for i, r := range routes {
		if r.Method != x.Request.Method {
			continue
		}
		if params, ok := MatchPath(r.Pattern, escaped); ok {
			x.Params, x.Call.Operation = params, r.Operation
			return &routes[i]
		}
	}
	return nil
}

// IsWrite reports whether a request is one that changes something.
func IsWrite(r *http.Request) bool {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions:
		return false
	default:
		return true
	}
}

// MatchPath matches an escaped path against a pattern such as "/repos/{owner}/{repo}", segment
// by segment, and returns what its parameters stand for, unescaped. A parameter is never empty.
func MatchPath(pattern, escaped string) (params map[string]string, ok bool) {
	want, got := strings.Split(pattern, "/"), strings.Split(escaped, "/")
	if len(want) != len(got) {
		return nil, false
	}
	params = map[string]string{}
	for i, w := range want {
		value, err := url.PathUnescape(got[i])
		name, isParam := strings.CutPrefix(w, "{")
		switch {
		case err != nil:
			return nil, false
		case isParam && value != "":
			params[strings.TrimSuffix(name, "}")] = value
		case w != value:
			return nil, false
		}
	}
	return params, true
}
