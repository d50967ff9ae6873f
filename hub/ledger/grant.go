package ledger

import (
	"regexp"
	"strings"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
)

// patterns are compiled globs; without any, nothing matches.
type patterns []*regexp.Regexp

// compilePatterns compiles globs in which * stops at "/" and ** does not.
func compilePatterns(globs []v1alpha1.Pattern, fold func(string) string) patterns {
	var out patterns
	for _, glob := range globs {
		var b strings.Builder
		b.WriteString(`(?s)\A`)
		for rest := fold(string(glob)); rest != ""; {
			switch {
			case strings.HasPrefix(rest, "**"):
				b.WriteString(`.*`)
				rest = strings.TrimLeft(rest, "*")
			case rest[0] == '*':
				b.WriteString(`[^/]*`)
				rest = rest[1:]
			default:
				n := strings.IndexByte(rest, '*')
				if n < 0 {
					n = len(rest)
				}
				b.WriteString(regexp.QuoteMeta(rest[:n]))
				rest = rest[n:]
			}
		}
		b.WriteString(`\z`)
		out = append(out, regexp.MustCompile(b.String()))
	}
	return out
}

func (p patterns) match(text string) bool {
	for _, re := range p {
		if re.MatchString(text) {
			return true
		}
	}
	return false
}

// everything is what a grant that leaves a field empty says in it.
var everything = []v1alpha1.Pattern{"**"}

// orEverything returns globs, or where there are none, the one that matches everything.
func orEverything(globs []v1alpha1.Pattern) []v1alpha1.Pattern {
	if len(globs) == 0 {
		return everything
	}
	return globs
}

// grant is one compiled grant of a ScmProvider.
type grant struct {
	clusters, namespaces, repositories, names patterns
}

// compileGrants compiles the grants of a ScmProvider. Repositories and names are
// compared as the SCM folds them, everything else to the letter.
func compileGrants(grants []v1alpha1.Grant, s *ScmProvider) []grant {
	exact := func(s string) string { return s }
	out := make([]grant, 0, len(grants))
	for _, g := range grants {
		out = append(out, grant{
			clusters:     compilePatterns(g.Clusters, exact),
			namespaces:   compilePatterns(orEverything(g.Namespaces), exact),
			repositories: compilePatterns(g.Repositories, s.kind.Fold),
			names:        compilePatterns(orEverything(g.Names), s.foldName),
		})
	}
	return out
}

// allows reports whether a grant covers the claim. The cluster is the name under
// which the member was engaged; nothing that the member wrote can change it.
func (g grant) allows(c Claim) bool {
	return g.clusters.match(c.Object.Cluster) &&
		g.namespaces.match(c.Object.Namespace) &&
		g.repositories.match(c.Key.Repository) &&
		g.names.match(c.Key.Name)
}
