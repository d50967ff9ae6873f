package ledger

import (
	"testing"

	. "github.com/onsi/gomega"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
)

// grants returns a grant; empty patterns cover everything.
func grants(cluster, repository, name v1alpha1.Pattern) v1alpha1.Grant {
	g := v1alpha1.Grant{Clusters: []v1alpha1.Pattern{cluster}, Repositories: []v1alpha1.Pattern{repository}}
	if name != "" {
		g.Names = []v1alpha1.Pattern{name}
	}
	return g
}

func TestMayClaim(t *testing.T) {
	folding := testSCM(grants("*", "**", ""))
	folding.spec.GitHub = &v1alpha1.GitHubSpec{}
	broken := testSCM(grants("*", "**", ""))
	broken.kind = nil
	elsewhere := testSCM(grants("*", "**", ""))
	elsewhere.host = "git.example.com"
	upper := testKey
	upper.Name = "Build"
	for name, c := range map[string]struct {
		scms []*ScmProvider
		key  Key
		want bool
	}{
		"a grant covers it":                {[]*ScmProvider{testSCM(grants("e*", "acme/*", "b*"))}, testKey, true},
		"one of two ScmProviders does":     {[]*ScmProvider{testSCM(), testSCM(grants("eu", "acme/shop", ""))}, testKey, true},
		"one of two grants does":           {[]*ScmProvider{testSCM(grants("us", "**", ""), grants("eu", "acme/shop", "build"))}, testKey, true},
		"no ScmProvider":                   {nil, testKey, false},
		"no grant":                         {[]*ScmProvider{testSCM()}, testKey, false},
		"another cluster's grant":          {[]*ScmProvider{testSCM(grants("us", "**", ""))}, testKey, false},
		"another repository's grant":       {[]*ScmProvider{testSCM(grants("eu", "acme/tools", ""))}, testKey, false},
		"another name's grant":             {[]*ScmProvider{testSCM(grants("eu", "**", "deploy"))}, testKey, false},
		"another host":                     {[]*ScmProvider{elsewhere}, testKey, false},
		"a ScmProvider that is not usable": {[]*ScmProvider{broken}, testKey, false},
		"a name that its SCM folds":        {[]*ScmProvider{folding}, upper, false},
		"a folded name":                    {[]*ScmProvider{folding}, testKey, true},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			scms := map[string]*ScmProvider{}
			for i, s := range c.scms {
				scms[string(rune('a'+i))] = s
			}
			l := &Ledger{loaded: true, scms: scms, reaches: map[string][]reach{}}
			g.Expect(l.mayClaim("eu", c.key)).To(Equal(c.want))
			g.Expect(l.mayClaim("eu", c.key)).To(Equal(c.want), "the second time")
			l.loaded = false
			g.Expect(l.mayClaim("eu", c.key)).To(BeTrue(), "not known yet")
		})
	}
}
