package ledger

import (
	"testing"

	. "github.com/onsi/gomega"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
)

func TestGrant_LeavesOutOnlyWhatIsEmpty(t *testing.T) {
	g := NewWithT(t)
	same := func(s string) string { return s }
	g.Expect(compilePatterns(nil, same).match("")).To(BeFalse(), "no glob matches nothing")
	scm := &ScmProvider{kind: fakeKind{}}
	claim := Claim{
		Object: ObjectID{Cluster: "prod", Namespace: "team-a", Name: "x"},
		Key:    Key{Repository: "acme/shop", Name: "ci/build\nand more"},
	}
	for name, c := range map[string]struct {
		grant v1alpha1.Grant
		want  bool
	}{
		"any namespace, any name": {v1alpha1.Grant{Clusters: []v1alpha1.Pattern{"prod"}, Repositories: []v1alpha1.Pattern{"acme/*"}}, true},
		"no cluster":              {v1alpha1.Grant{Repositories: []v1alpha1.Pattern{"acme/*"}}, false},
		"no repository":           {v1alpha1.Grant{Clusters: []v1alpha1.Pattern{"prod"}}, false},
		"another namespace": {v1alpha1.Grant{
			Clusters: []v1alpha1.Pattern{"prod"}, Repositories: []v1alpha1.Pattern{"acme/*"}, Namespaces: []v1alpha1.Pattern{"team-b"},
		}, false},
		"another name": {v1alpha1.Grant{
			Clusters: []v1alpha1.Pattern{"prod"}, Repositories: []v1alpha1.Pattern{"acme/*"}, Names: []v1alpha1.Pattern{"lint"},
		}, false},
	} {
		g.Expect(compileGrants([]v1alpha1.Grant{c.grant}, scm)[0].allows(claim)).To(Equal(c.want), name)
	}
}
