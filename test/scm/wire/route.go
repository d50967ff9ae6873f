package wire

import (
	"net/url"
	"strings"
)

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
