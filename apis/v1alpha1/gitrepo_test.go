package v1alpha1_test

import (
	"strings"
	"testing"
)

const goodGitRepo = `
apiVersion: commit-status.argoproj.io/v1alpha1
kind: GitRepo
metadata: {name: shop, namespace: default}
spec:
  scmProviderRef: {name: acme-github}
  repository: acme/shop
`

func TestGitRepoIsRefusedWithWhatIsAllowed(t *testing.T) {
	const anotherName = "spec.repository: must be the path that the repository has on the SCM's pages, not its clone URL or UUID: without { } @ : and without .git at the end"
	const badPath = "spec.repository: must be the path of a repository, such as owner/name, without spaces and without any of ? # % \\"
	path := func(s string) map[string]any { return map[string]any{"spec.repository": s} }

	check(t, goodGitRepo, []validation{
		{name: "owner and name", set: path("acme/shop")},
		{name: "groups and a project", set: path("acme/web/front-end/shop")},
		{name: "dots, dashes and underscores", set: path("Acme-Inc/.github")},
		{name: "dots in a name", set: path("acme/..shop.github")},
		{name: "a UUID", set: path("acme/{4f6c2b7e-0d1a-4c55-9f5e-0c7a1f0e2b11}"), refused: anotherName},
		{name: "a clone URL's end", set: path("acme/shop.git"), refused: anotherName},
		{name: "a clone URL's end in upper case", set: path("acme/shop.GIT"), refused: anotherName},
		{name: "a clone URL of SSH", set: path("git@github.com:acme/shop"), refused: anotherName},
		{name: "a host with a port", set: path("git.example.com:8443/acme/shop"), refused: anotherName},
		{name: "letters beyond ASCII", set: path("acmé/shöp")},
		{name: "a personal project", set: path("~jo/shop")},

		{name: "repository missing", set: map[string]any{"spec.repository": nil}, refused: "spec.repository: Required value"},
		{name: "empty", set: path(""), refused: badPath},
		{name: "a name without an owner", set: path("shop"), refused: badPath},
		{name: "a slash at the start", set: path("/acme/shop"), refused: badPath},
		{name: "a slash at the end", set: path("acme/shop/"), refused: badPath},
		{name: "an empty part", set: path("acme//shop"), refused: badPath},
		{name: "a part that is the folder above", set: path("acme/../shop"), refused: badPath},
		{name: "a part that is the folder itself", set: path("./shop"), refused: badPath},
		{name: "ends in the folder above", set: path("acme/.."), refused: badPath},
		{name: "a space", set: path("acme/my shop"), refused: badPath},
		{name: "a line break", set: path("acme/shop\n"), refused: badPath},
		{name: "a query", set: path("acme/shop?admin=true"), refused: badPath},
		{name: "a fragment", set: path("acme/shop#readme"), refused: badPath},
		{name: "an escape", set: path("acme/shop%2f..%2fother"), refused: badPath},
		{name: "a back slash", set: path(`acme\shop/x`), refused: badPath},
		{name: "a control character", set: path("acme/shop\x00"), refused: badPath},
		{name: "a URL", set: path("https://github.com/acme/shop"), refused: badPath},
		{name: "512 characters", set: path("acme/" + strings.Repeat("s", 507))},
		{name: "513 characters", set: path("acme/" + strings.Repeat("s", 508)), refused: "spec.repository: Too long: may not be more than 512"},

		{name: "scmProviderRef missing", set: map[string]any{"spec.scmProviderRef": nil}, refused: "spec.scmProviderRef: Required value"},
		{name: "scmProviderRef with an empty name", set: map[string]any{"spec.scmProviderRef.name": ""}, refused: "spec.scmProviderRef.name in body should be at least 1 chars long"},
		{name: "spec missing", set: map[string]any{"spec": nil}, refused: "spec: Required value"},
	})
}
