package wire

import (
	"testing"

	. "github.com/onsi/gomega"
)

func TestMatchPath(t *testing.T) {
	for name, test := range map[string]struct {
		pattern, path string
		params        map[string]string
		ok            bool
	}{
		"parameters":           {"/repos/{owner}/{repo}", "/repos/acme/shop", map[string]string{"owner": "acme", "repo": "shop"}, true},
		"an escaped slash":     {"/projects/{id}", "/projects/acme%2Fshop", map[string]string{"id": "acme/shop"}, true},
		"an escaped literal":   {"/projects/{id}/statuses", "/projects/7/%73tatuses", map[string]string{"id": "7"}, true},
		"another literal":      {"/projects/{id}", "/repos/7", nil, false},
		"more segments":        {"/projects/{id}", "/projects/7/statuses", nil, false},
		"fewer segments":       {"/projects/{id}", "/projects", nil, false},
		"an empty parameter":   {"/projects/{id}", "/projects/", nil, false},
		"an unfinished escape": {"/projects/{id}", "/projects/%2", nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			params, ok := MatchPath(test.pattern, test.path)
			g.Expect(ok).To(Equal(test.ok))
			if ok {
				g.Expect(params).To(Equal(test.params))
			}
		})
	}
}
