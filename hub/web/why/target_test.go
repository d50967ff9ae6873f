package why

import (
	"strings"
	"testing"

	. "github.com/onsi/gomega"
)

const sha = "1f0c7d4b1e0a5c1f3e2d4b6a798f0e1d2c3b4a59"

func TestParse_ReadsEachForm(t *testing.T) {
	for text, want := range map[string]Target{
		"github.com/acme/shop/" + sha:             {Repo: "github.com/acme/shop", SHA: sha},
		"github.com/acme/shop@" + sha:             {Repo: "github.com/acme/shop", SHA: sha},
		"git.example.com:8443/root/a/b/c@1f0c7d4": {Repo: "git.example.com:8443/root/a/b/c", SHA: "1f0c7d4"},
		"acme/shop@1f0c7d4":                       {Repo: "acme/shop", SHA: "1f0c7d4"},
		"acme/shop/" + sha:                        {Repo: "acme/shop", SHA: sha},
		"shop@1f0c7d4":                            {Repo: "shop", SHA: "1f0c7d4"},
		"@1f0c7d4":                                {SHA: "1f0c7d4"},
		"1f0c7d4":                                 {SHA: "1f0c7d4"},
		"1F0C7D4":                                 {SHA: "1f0c7d4"},
		strings.Repeat("ab", 32):                  {SHA: strings.Repeat("ab", 32)},
		"prod-eu/team-a/shop":                     {Object: "prod-eu/team-a/shop"},
		"prod-eu/team-a/shop.v1/":                 {Object: "prod-eu/team-a/shop.v1"},
		"prod-eu/team-a/deadbeef":                 {Repo: "prod-eu/team-a", SHA: "deadbeef", Object: "prod-eu/team-a/deadbeef"},
		"prod-eu/team-a/short12":                  {Object: "prod-eu/team-a/short12"},
		"http://127.0.0.1:8082/commits/github.com/acme/shop/" + sha:      {Repo: "github.com/acme/shop", SHA: sha},
		"http://127.0.0.1:8082/commits/localhost:3000/a/b/" + sha + "/":  {Repo: "localhost:3000/a/b", SHA: sha},
		"https://hub.example.com/api/v1/commits/h/a%20b/" + sha + "?x=y": {Repo: "h/a b", SHA: sha},
		"https://github.com/acme/shop/commit/" + sha:                     {Repo: "github.com/acme/shop", SHA: sha},
		"https://gitlab.com/acme/sub/shop/-/commit/" + sha + "#note":     {Repo: "gitlab.com/acme/sub/shop", SHA: sha},
		"https://bitbucket.org/acme/shop/commits/" + sha:                 {Repo: "bitbucket.org/acme/shop", SHA: sha},
	} {
		t.Run(text, func(t *testing.T) {
			g := NewWithT(t)
			got, err := Parse(text)
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(got).To(Equal(want))
		})
	}
}

func TestParse_RefusesTheRestByName(t *testing.T) {
	for text, why := range map[string]string{
		"":                                   "is not a commit",
		"shop":                               "is not a commit",
		"1f0c7d":                             "is not a commit",
		"acme/shop":                          "is not a commit",
		"a/b/c/d":                            "is not a commit",
		"a//c":                               "is not a commit",
		"acme/shop@main":                     `"main" is not the hash`,
		"acme/shop@1f0c7d":                   `"1f0c7d" is not the hash`,
		"../shop@1f0c7d4":                    "is not a repository",
		"acme//shop/" + sha:                  "is not a repository",
		"https://github.com/acme/shop":       "is not the address of a commit",
		"https://github.com/a/b/commit/main": `"main" is not the hash`,
		"http://%zz":                         "reading the address",
	} {
		t.Run(text, func(t *testing.T) {
			_, err := Parse(text)
			NewWithT(t).Expect(err).To(MatchError(ContainSubstring(why)))
		})
	}
}

func TestTarget_IsInARepositoryWithAndWithoutItsHost(t *testing.T) {
	g := NewWithT(t)
	for repo, in := range map[string]bool{"": true, "acme/shop": true, "ACME/Shop": true, "shop": true, "github.com/acme/shop": true, "me/shop": false, "acme": false} {
		g.Expect(Target{Repo: repo}.inRepo("github.com/acme/shop")).To(Equal(in), repo)
	}
}
