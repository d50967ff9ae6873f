package gitlab

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
)

const hush = "glpat-hush-hush"

var hushed = map[string][]byte{tokenField: []byte(hush)}

func TestGitLabIsNamedForMachinesAndForPeople(t *testing.T) {
	g := NewWithT(t)
	g.Expect(newKind(t).Name()).To(Equal("gitlab"))
	g.Expect(newKind(t).Title()).To(Equal("GitLab"))
	g.Expect(newKind(t).Fold("Acme/Platform/Shop")).To(Equal("acme/platform/shop"))
}

func TestHostIsTheHostOfTheWebPages(t *testing.T) {
	for api, want := range map[string]string{
		"":                               "gitlab.com",
		"https://gitlab.com/api/v4":      "gitlab.com",
		"https://GitLab.com/api/v4/":     "gitlab.com",
		"https://gitlab.com:443/api/v4":  "gitlab.com",
		"https://git.example.com/api/v4": "git.example.com",
		"https://git.example.com:8443":   "git.example.com:8443",
		"http://127.0.0.1:4711/api/v4":   "127.0.0.1:4711",
		"https://example.com/git/api/v4": "example.com/git",
		"http://127.0.0.1:4711/a":        "127.0.0.1:4711/a",
		"http://localhost:4711":          "localhost:4711",
		"http://[::1]:4711":              "[::1]:4711",
	} {
		t.Run(api, func(t *testing.T) {
			g := NewWithT(t)
			host, err := newKind(t).Host(provider(api).Spec)
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(host).To(Equal(want))
		})
	}
}

func TestNoCredentialIsSentToAnEndpointThatMayNotHaveIt(t *testing.T) {
	for _, api := range []string{
		"http://git.example.com/api/v4", "http://127.0.0.1.example.com", "ftp://127.0.0.1", "https://user:pw@git.example.com",
		"https://git.example.com/?a=b", "https://git.example.com/?", "https://git.example.com/#a", "https:///api", "https:git", "::", "/api",
	} {
		t.Run(api, func(t *testing.T) {
			g := NewWithT(t)
			_, err := newKind(t).Host(provider(api).Spec)
			g.Expect(providers.AsError(err).Reason).To(Equal(v1alpha1.ReasonInvalid))
			g.Expect(err.Error()).NotTo(ContainSubstring("pw"))
			_, err = newKind(t).Open(provider(api), hushed)
			g.Expect(providers.AsError(err).Reason).To(Equal(v1alpha1.ReasonInvalid))
		})
	}
}

func TestAnUnusableSecretIsToldApart(t *testing.T) {
	for name, tc := range map[string]struct {
		secret  map[string][]byte
		message string
	}{
		"no key":      {map[string][]byte{"other": []byte("hush")}, "Secret acme-gitlab-token has no key token, which holds an access token of GitLab"},
		"empty":       {map[string][]byte{"token": []byte(" \n")}, "key token of Secret acme-gitlab-token is empty"},
		"two lines":   {map[string][]byte{"token": []byte("hush\nhush")}, "key token of Secret acme-gitlab-token is not an access token"},
		"binary":      {map[string][]byte{"token": []byte("hush\x00\xff")}, "key token of Secret acme-gitlab-token is not an access token"},
		"a header":    {map[string][]byte{"token": []byte("Bearer hush")}, "key token of Secret acme-gitlab-token is not an access token"},
		"no ASCII":    {map[string][]byte{"token": []byte("hüsh")}, "key token of Secret acme-gitlab-token is not an access token"},
		"nil":         {nil, "Secret acme-gitlab-token has no key token, which holds an access token of GitLab"},
		"nothing set": {map[string][]byte{"token": nil}, "key token of Secret acme-gitlab-token is empty"},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			_, err := newKind(t).Open(provider(""), tc.secret)
			g.Expect(providers.AsError(err).Reason).To(Equal(v1alpha1.ReasonCredentialsInvalid))
			g.Expect(err.Error()).To(Equal(tc.message))
		})
	}
	_, err := newKind(t).Open(provider(""), map[string][]byte{"token": []byte(hush + "\n")})
	NewWithT(t).Expect(err).NotTo(HaveOccurred(), "a line break at the end is what echo leaves")
}

func TestATokenIsNeverPrinted(t *testing.T) {
	g := NewWithT(t)
	opened, err := newKind(t).Open(provider(""), hushed)
	g.Expect(err).NotTo(HaveOccurred())
	a, ok := opened.(*account)
	g.Expect(ok).To(BeTrue())
	asJSON, err := json.Marshal(map[string]any{"token": a.token, "account": fmt.Sprint(opened)})
	g.Expect(err).NotTo(HaveOccurred())
	inside := struct{ token secret }{a.token}
	text := fmt.Sprintf("%v %+v %#v %s %q %v %+v %#v %s %x %v %+v %#v", a, a, a, a, a, a.token, a.token, a.token, a.token, a.token, inside, inside, inside) +
		string(asJSON) + string(a.token.out([]byte("with Bearer "+hush)))
	g.Expect(text).NotTo(ContainSubstring("hush"))
	g.Expect(text).NotTo(ContainSubstring(fmt.Sprintf("%x", hush)))
}

func TestTheLimitsOfAScmProviderAreInForce(t *testing.T) {
	g := NewWithT(t)
	kind, p := newKind(t), provider("")
	nine := int64(9)
	p.Spec.RateLimit = &v1alpha1.RateLimit{WritesPerMinute: &nine}
	account, err := kind.Open(p, hushed)
	g.Expect(err).NotTo(HaveOccurred())
	id, known := account.Lane(repository)
	g.Expect(id).To(Equal("gitlab.com/token of ScmProvider acme-gitlab"))
	g.Expect(known).To(BeFalse())
	g.Expect(account.Writer()).To(Equal(id))
	limits := kind.installations.Get(id).Bucket().Limits()
	g.Expect(limits.WritesPerMinute).To(Equal(nine))
	g.Expect(limits.RequestsPerMinute).To(BeEquivalentTo(2000))
}

func TestARepositoryThatIsNoneIsNeverAskedFor(t *testing.T) {
	account, err := newKind(t).Open(provider(""), hushed)
	if err != nil {
		t.Fatal(err)
	}
	for _, repository := range []string{"", "acme", "acme/", "/shop", "acme//shop", "acme/..", "./shop", "42", strings.Repeat("/", 9)} {
		t.Run(repository, func(t *testing.T) {
			g := NewWithT(t)
			_, err := account.Client(t.Context(), repository)
			g.Expect(providers.AsError(err).Reason).To(Equal(v1alpha1.ReasonInvalid))
		})
	}
}

func TestOneStatusOfACommitIsWrittenAtATime(t *testing.T) {
	g := NewWithT(t)
	account, err := newKind(t).Open(provider(""), hushed)
	g.Expect(err).NotTo(HaveOccurred())
	one := account.Exclusion(providers.Commit{Repository: "acme/shop", SHA: sha})
	g.Expect(one).NotTo(BeEmpty())
	g.Expect(account.Exclusion(providers.Commit{Repository: "Acme/Shop", SHA: sha})).To(Equal(one))
	g.Expect(account.Exclusion(providers.Commit{Repository: "acme/other", SHA: sha})).NotTo(Equal(one))
	g.Expect(account.Exclusion(providers.Commit{Repository: "acme/shop", SHA: unpushed})).NotTo(Equal(one))
	elsewhere, err := newKind(t).Open(provider("https://gitlab.example.com/api/v4"), hushed)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(elsewhere.Exclusion(providers.Commit{Repository: "acme/shop", SHA: sha})).NotTo(Equal(one), "one GitLab holds up no other")
}
