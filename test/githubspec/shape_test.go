package githubspec_test

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	aTime = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$`)
	aURL  = regexp.MustCompile(`^https?://`)
)

// shape notes what is at each place of a JSON value: ".app.name" is a string, and
// ".check_runs[]" is what is in the list. Times and URLs are told from other strings.
func shape(v any, at string, into map[string]string) {
	kind := "null"
	switch v := v.(type) {
	case bool:
		kind = "bool"
	case float64:
		kind = "number"
	case string:
		switch {
		case aTime.MatchString(v):
			kind = "time"
		case aURL.MatchString(v):
			kind = "URL"
		default:
			kind = "string"
		}
	case []any:
		kind = "list"
		for _, element := range v {
			shape(element, at+"[]", into)
		}
	case object:
		kind = "object"
		for name, member := range v {
			shape(member, at+"."+name, into)
		}
	}
	if was, ok := into[at]; ok && was != kind {
		kind = "mixed"
	}
	into[at] = kind
}

// shapeOf is the shape of a body.
func shapeOf(t *testing.T, body []byte) map[string]string {
	t.Helper()
	places := map[string]string{}
	shape(read[any](t, body), "", places)
	return places
}

// difference is a place at which the fake's answer is not as GitHub's, and why that
// does no harm. A place that ends with * stands for all that begin so.
type difference struct{ place, how, why string }

const (
	onlyGitHub = "only GitHub has it"
	onlyFake   = "only the fake has it"
	otherKind  = "is of another type"
)

// comparison holds answers of the fake against GitHub's.
type comparison struct {
	known []difference
	met   map[difference]bool
}

// compare complains of every difference that is not known.
func (c *comparison) compare(t *testing.T, githubs, fakes []byte) {
	t.Helper()
	original, fake := shapeOf(t, githubs), shapeOf(t, fakes)
	all := maps.Clone(original)
	maps.Copy(all, fake)
	var above string
	for _, place := range slices.Sorted(maps.Keys(all)) {
		if above != "" && (strings.HasPrefix(place, above+".") || strings.HasPrefix(place, above+"[")) {
			continue
		}
		var how string
		switch {
		case original[place] == fake[place]:
			continue
		case fake[place] == "":
			how = onlyGitHub
		case original[place] == "":
			how = onlyFake
		default:
			how = otherKind
		}
		above = place
		if !c.knows(place, how) {
			t.Errorf("%s: %s (GitHub: %q, the fake: %q)", place, how, original[place], fake[place])
		}
	}
}

func (c *comparison) knows(place, how string) bool {
	for _, d := range c.known {
		prefix, many := strings.CutSuffix(d.place, "*")
		if d.how == how && (d.place == place || many && strings.HasPrefix(place, prefix)) {
			if c.met == nil {
				c.met = map[difference]bool{}
			}
			c.met[d] = true
			return true
		}
	}
	return false
}

// over complains of known differences that were not met: they are none any more.
func (c *comparison) over(t *testing.T) {
	t.Helper()
	for _, d := range c.known {
		if !c.met[d] {
			t.Errorf("%s: %s no longer (%s)", d.place, d.how, d.why)
		}
	}
}
