package hub

import (
	"regexp"
	"strings"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
)

// patterns are compiled globs; none at all matches everything.
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

// grant is one compiled grant of a ScmProvider.
type grant struct {
	clusters, namespaces, repositories, names patterns
	anyNamespace, anyName                     bool
}

// compileGrants compiles the grants of a ScmProvider. Repositories and names are
// compared as the SCM folds them, everything else to the letter.
func compileGrants(grants []v1alpha1.Grant, s *scm) []grant {
	exact := func(s string) string { return s }
	out := make([]grant, 0, len(grants))
	for _, g := range grants {
		out = append(out, grant{
			clusters:     compilePatterns(g.Clusters, exact),
			namespaces:   compilePatterns(g.Namespaces, exact),
			repositories: compilePatterns(g.Repositories, s.kind.Fold),
			names:        compilePatterns(g.Names, s.foldName),
			anyNamespace: len(g.Namespaces) == 0,
			anyName:      len(g.Names) == 0,
		})
	}
	return out
}

// allows reports whether a grant covers the claim. The cluster is the name under
// which the member was engaged; nothing that the member wrote can change it.
func (g grant) allows(c Claim) bool {
	return g.clusters.match(c.Object.Cluster) &&
		(g.anyNamespace || g.namespaces.match(c.Object.Namespace)) &&
		g.repositories.match(c.Key.Repository) &&
		(g.anyName || g.names.match(c.Key.Name))
}
