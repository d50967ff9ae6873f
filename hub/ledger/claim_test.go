package ledger

import (
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	apimeta "k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
)

const testSHA = "0123456789abcdef0123456789abcdef01234567"

func testSCM(grants ...v1alpha1.Grant) *ScmProvider {
	s := &ScmProvider{name: "acme", host: "github.com", kind: fakeKind{}, account: fakeDialect{}}
	s.grants = compileGrants(grants, s)
	return s
}

func allowAll() v1alpha1.Grant {
	return v1alpha1.Grant{Clusters: []v1alpha1.Pattern{"**"}, Repositories: []v1alpha1.Pattern{"**"}}
}

func testRepo() *v1alpha1.GitRepo {
	return &v1alpha1.GitRepo{
		ObjectMeta: metav1.ObjectMeta{Namespace: "team-a", Name: "shop"},
		Spec:       v1alpha1.GitRepoSpec{ScmProviderRef: v1alpha1.ObjectReference{Name: "acme"}, Repository: "Acme/Shop"},
	}
}

func repoAt(path string) *v1alpha1.GitRepo {
	repo := testRepo()
	repo.Spec.Repository = path
	return repo
}

func testStatus(edit ...func(*v1alpha1.CommitStatus)) *v1alpha1.CommitStatus {
	cs := &v1alpha1.CommitStatus{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: "team-a", Name: "build", UID: "uid-1", Generation: 1, ResourceVersion: "1",
			CreationTimestamp: metav1.NewTime(time.Unix(1000, 0)),
		},
		Spec: v1alpha1.CommitStatusSpec{
			GitRepoRef: v1alpha1.ObjectReference{Name: "shop"}, SHA: testSHA, Name: "build", Phase: v1alpha1.PhaseQueued,
		},
	}
	for _, f := range edit {
		f(cs)
	}
	return cs
}

var testKey = Key{Kind: "github", Host: "github.com", Repository: "acme/shop", SHA: testSHA, Name: "build"}

func readyOf(s *v1alpha1.CommitStatusStatus) metav1.Condition {
	if s == nil {
		return metav1.Condition{}
	}
	return *apimeta.FindStatusCondition(s.Conditions, v1alpha1.ConditionReady)
}

func shows(phase v1alpha1.Phase) *providers.Shown {
	return &providers.Shown{
		Status: providers.Status{Phase: phase},
		Handle: v1alpha1.ProviderHandle{GitHub: &v1alpha1.GitHubHandle{CheckRunID: 4711}},
	}
}

func wants(phase v1alpha1.Phase) func(*v1alpha1.CommitStatus) {
	return func(cs *v1alpha1.CommitStatus) { cs.Spec.Phase = phase }
}

func told(s v1alpha1.CommitStatusStatus) func(*v1alpha1.CommitStatus) {
	return func(cs *v1alpha1.CommitStatus) { cs.Status = s }
}

func statusWith(phase v1alpha1.Phase, id int64) v1alpha1.CommitStatusStatus {
	return v1alpha1.CommitStatusStatus{
		ScmProvider: "acme", Repo: "github.com/acme/shop", SHA: testSHA, Name: "build", Phase: phase,
		Provider: &v1alpha1.ProviderHandle{GitHub: &v1alpha1.GitHubHandle{CheckRunID: id}},
		Conditions: []metav1.Condition{{
			Type: v1alpha1.ConditionReady, Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonSynced, ObservedGeneration: 1,
		}},
	}
}

func idIn(cluster string) ObjectID {
	return ObjectID{Cluster: cluster, Namespace: "team-a", Name: "build"}
}

func TestClaimFoldsWhatTheSCMFolds(t *testing.T) {
	g := NewWithT(t)
	cs := testStatus(func(cs *v1alpha1.CommitStatus) {
		cs.Spec.SHA = strings.ToUpper(testSHA)
		cs.Spec.Phase = "cancelled"
	})
	claim, err := claimOf(idIn("eu"), cs, testRepo(), testSCM(allowAll()), "hub")
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(claim.Key).To(Equal(Key{Kind: "github", Host: "github.com", Repository: "acme/shop", SHA: testSHA, Name: "build"}))
	g.Expect(claim.Repository).To(Equal("Acme/Shop"), "calls and statuses keep the user's spelling")
	g.Expect(claim.Want.Phase).To(Equal(v1alpha1.PhaseCanceled))
}

func TestNamesThatTheSCMTakesForOneAreOneKey(t *testing.T) {
	g := NewWithT(t)
	byToken := testSCM()
	byToken.spec.GitHub = &v1alpha1.GitHubSpec{}
	grant := allowAll()
	grant.Names = []v1alpha1.Pattern{"BUILD*"}
	byToken.grants = compileGrants([]v1alpha1.Grant{grant}, byToken)
	cs := testStatus(func(cs *v1alpha1.CommitStatus) { cs.Spec.Name = "Build" })
	claim, err := claimOf(idIn("eu"), cs, testRepo(), byToken, "hub")
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(claim.Key.Name).To(Equal("build"))
	g.Expect(claim.Name).To(Equal("Build"), "what is written and told keeps the user's spelling")

	cs.Status = v1alpha1.CommitStatusStatus{
		Repo: "github.com/Acme/Shop", SHA: testSHA, Name: "bUILD", Phase: v1alpha1.PhaseQueued,
		Provider: &v1alpha1.ProviderHandle{GitHub: &v1alpha1.GitHubHandle{StatusID: 7}},
	}
	g.Expect(hintOf(cs, claim.Key, byToken)).NotTo(BeNil(), "what a status tells is about the key in whatever spelling")
	_, err = claimOf(idIn("eu"), cs, testRepo(), testSCM(grant), "hub")
	g.Expect(err).To(HaveOccurred(), "where names are told apart, so are those in grants")
}

func TestClaimSaysWhyThereIsNone(t *testing.T) {
	for name, c := range map[string]struct {
		edit    func(*v1alpha1.CommitStatus)
		repo    *v1alpha1.GitRepo
		scm     *ScmProvider
		reason  string
		message string
	}{
		"no GitRepo":         {nil, nil, testSCM(allowAll()), v1alpha1.ReasonGitRepoNotFound, `GitRepo "shop" was not found in namespace team-a of cluster eu`},
		"no ScmProvider":     {nil, testRepo(), nil, v1alpha1.ReasonProviderNotFound, `ScmProvider "acme" was not found in namespace hub on the hub, which looks in no other; GitRepo shop names it`},
		"no grant":           {nil, testRepo(), testSCM(), v1alpha1.ReasonDenied, "no grant of ScmProvider acme lets namespace team-a of cluster eu"},
		"short sha":          {func(cs *v1alpha1.CommitStatus) { cs.Spec.SHA = testSHA[:39] }, testRepo(), testSCM(allowAll()), v1alpha1.ReasonInvalid, "40 or 64"},
		"no hexadecimal sha": {func(cs *v1alpha1.CommitStatus) { cs.Spec.SHA = testSHA[:39] + "g" }, testRepo(), testSCM(allowAll()), v1alpha1.ReasonInvalid, "40 or 64"},
		"long sha":           {func(cs *v1alpha1.CommitStatus) { cs.Spec.SHA = testSHA + "00" }, testRepo(), testSCM(allowAll()), v1alpha1.ReasonInvalid, "40 or 64"},
		"no name":            {func(cs *v1alpha1.CommitStatus) { cs.Spec.Name = "" }, testRepo(), testSCM(allowAll()), v1alpha1.ReasonInvalid, "name must have 1 to 255"},
		"long name":          {func(cs *v1alpha1.CommitStatus) { cs.Spec.Name = strings.Repeat("ä", 256) }, testRepo(), testSCM(allowAll()), v1alpha1.ReasonInvalid, "name must have 1 to 255"},
		"unknown phase":      {func(cs *v1alpha1.CommitStatus) { cs.Spec.Phase = "done" }, testRepo(), testSCM(allowAll()), v1alpha1.ReasonInvalid, "phase must be one of"},
		"ftp URL":            {func(cs *v1alpha1.CommitStatus) { cs.Spec.URL = "ftp://example.com" }, testRepo(), testSCM(allowAll()), v1alpha1.ReasonInvalid, "http or https"},
		"URL without host":   {func(cs *v1alpha1.CommitStatus) { cs.Spec.URL = "https:///x" }, testRepo(), testSCM(allowAll()), v1alpha1.ReasonInvalid, "http or https"},
		"huge description":   {func(cs *v1alpha1.CommitStatus) { cs.Spec.Description = strings.Repeat("x", 65536) }, testRepo(), testSCM(allowAll()), v1alpha1.ReasonInvalid, "at most 65535"},
		"repository's dots":  {nil, repoAt("acme/../shop"), testSCM(allowAll()), v1alpha1.ReasonInvalid, "path of one"},
		"repository's query": {nil, repoAt("acme/shop?a=b"), testSCM(allowAll()), v1alpha1.ReasonInvalid, "path of one"},
		"repository's UUID":  {nil, repoAt("acme/{1f0c}"), testSCM(allowAll()), v1alpha1.ReasonInvalid, "not its clone URL or UUID"},
		"repository.git":     {nil, repoAt("acme/shop.git"), testSCM(allowAll()), v1alpha1.ReasonInvalid, "not its clone URL or UUID"},
		"repository.GIT":     {nil, repoAt("acme/shop.GIT"), testSCM(allowAll()), v1alpha1.ReasonInvalid, "not its clone URL or UUID"},
		"repository by SSH":  {nil, repoAt("git@github.com:acme/shop"), testSCM(allowAll()), v1alpha1.ReasonInvalid, "not its clone URL or UUID"},
		"repository by port": {nil, repoAt("example.com:8443/acme/shop"), testSCM(allowAll()), v1alpha1.ReasonInvalid, "not its clone URL or UUID"},
		"repository alone":   {nil, repoAt("shop"), testSCM(allowAll()), v1alpha1.ReasonInvalid, "path of one"},
		"long repository":    {nil, repoAt("acme/" + strings.Repeat("a", 512)), testSCM(allowAll()), v1alpha1.ReasonInvalid, "at most 512"},
		"unsupported kinds":  {nil, testRepo(), &ScmProvider{name: "acme", Problem: providers.Errorf(v1alpha1.ReasonUnsupported, "no")}, v1alpha1.ReasonUnsupported, "no"},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			cs := testStatus()
			if c.edit != nil {
				c.edit(cs)
			}
			_, err := claimOf(idIn("eu"), cs, c.repo, c.scm, "hub")
			g.Expect(err).To(HaveOccurred())
			g.Expect(err.Reason).To(Equal(c.reason))
			g.Expect(err.Message).To(ContainSubstring(c.message))
		})
	}
}

func TestHintIsOnlyAboutTheClaimsKey(t *testing.T) {
	claim, _ := claimOf(idIn("eu"), testStatus(), testRepo(), testSCM(allowAll()), "hub")
	told := v1alpha1.CommitStatusStatus{
		Repo: "github.com/ACME/shop", SHA: testSHA, Name: "build", Phase: v1alpha1.PhaseQueued,
		Provider: &v1alpha1.ProviderHandle{GitHub: &v1alpha1.GitHubHandle{CheckRunID: 7}},
	}
	for name, c := range map[string]struct {
		edit func(*v1alpha1.CommitStatusStatus)
		ok   bool
	}{
		"the same":        {func(*v1alpha1.CommitStatusStatus) {}, true},
		"another sha":     {func(s *v1alpha1.CommitStatusStatus) { s.SHA = strings.Repeat("a", 40) }, false},
		"another repo":    {func(s *v1alpha1.CommitStatusStatus) { s.Repo = "github.com/acme/other" }, false},
		"another host":    {func(s *v1alpha1.CommitStatusStatus) { s.Repo = "ghe.example.com/acme/shop" }, false},
		"another name":    {func(s *v1alpha1.CommitStatusStatus) { s.Name = "test" }, false},
		"no handle":       {func(s *v1alpha1.CommitStatusStatus) { s.Provider = nil }, false},
		"never written":   {func(s *v1alpha1.CommitStatusStatus) { s.Phase = "" }, false},
		"a phase of none": {func(s *v1alpha1.CommitStatusStatus) { s.Phase = "done" }, false},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			cs := testStatus()
			cs.Status = *told.DeepCopy()
			c.edit(&cs.Status)
			g.Expect(hintOf(cs, claim.Key, testSCM()) != nil).To(Equal(c.ok))
		})
	}
}

func TestGrants(t *testing.T) {
	claim := Claim{Object: ObjectID{Cluster: "prod-eu", Namespace: "team-a"}, Key: Key{Repository: "acme/shop", Name: "ci/build"}}
	for name, c := range map[string]struct {
		grant v1alpha1.Grant
		ok    bool
	}{
		"exact":                        {v1alpha1.Grant{Clusters: pats("prod-eu"), Repositories: pats("acme/shop")}, true},
		"globs":                        {v1alpha1.Grant{Clusters: pats("prod-*"), Repositories: pats("acme/*")}, true},
		"case of the repository":       {v1alpha1.Grant{Clusters: pats("prod-eu"), Repositories: pats("ACME/Shop")}, true},
		"case of the cluster":          {v1alpha1.Grant{Clusters: pats("Prod-eu"), Repositories: pats("**")}, false},
		"* stops at a slash":           {v1alpha1.Grant{Clusters: pats("*"), Repositories: pats("*")}, false},
		"** does not":                  {v1alpha1.Grant{Clusters: pats("*"), Repositories: pats("**")}, true},
		"another cluster":              {v1alpha1.Grant{Clusters: pats("staging-*"), Repositories: pats("**")}, false},
		"only part of the cluster":     {v1alpha1.Grant{Clusters: pats("prod"), Repositories: pats("**")}, false},
		"another namespace":            {v1alpha1.Grant{Clusters: pats("*"), Namespaces: pats("team-b"), Repositories: pats("**")}, false},
		"this namespace":               {v1alpha1.Grant{Clusters: pats("*"), Namespaces: pats("team-b", "team-*"), Repositories: pats("**")}, true},
		"another name":                 {v1alpha1.Grant{Clusters: pats("*"), Repositories: pats("**"), Names: pats("ci/test")}, false},
		"this name":                    {v1alpha1.Grant{Clusters: pats("*"), Repositories: pats("**"), Names: pats("ci/*")}, true},
		"a dot is a dot":               {v1alpha1.Grant{Clusters: pats("prod.eu"), Repositories: pats("**")}, false},
		"no clusters is no permission": {v1alpha1.Grant{Repositories: pats("**")}, false},
	} {
		t.Run(name, func(t *testing.T) {
			NewWithT(t).Expect(testSCM(c.grant).allows(claim)).To(Equal(c.ok))
		})
	}
}

func pats(globs ...v1alpha1.Pattern) []v1alpha1.Pattern { return globs }
