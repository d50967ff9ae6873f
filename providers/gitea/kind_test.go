package gitea

import (
	"fmt"
	"testing"

	. "github.com/onsi/gomega"
	"k8s.io/utils/clock"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
	"github.com/argoproj-labs/commit-status-hub/ratelimit"
)

func newKind(t *testing.T) *Kind {
	t.Helper()
	installations := ratelimit.NewInstallations(clock.RealClock{})
	t.Cleanup(installations.CloseIdleConnections)
	return NewKind(installations, clock.RealClock{})
}

func TestTheKindIsNamed(t *testing.T) {
	g := NewWithT(t)
	k := newKind(t)
	g.Expect(k.Name()).To(Equal(provider("https://gitea.example.com/api/v1").Spec.Kind()))
	g.Expect(k.Title()).To(Equal("Gitea"))
	g.Expect(k.Fold("Acme/Shop")).To(Equal("acme/shop"))
}

func TestACredentialIsSentOnlyWhereItIsSafe(t *testing.T) {
	for apiURL, tc := range map[string]struct{ host, problem string }{
		"https://Gitea.example.com/api/v1":           {host: "gitea.example.com"},
		"https://gitea.example.com:443/api/v1/":      {host: "gitea.example.com"},
		"https://gitea.example.com:8443/api/v1":      {host: "gitea.example.com:8443"},
		"https://example.com/gitea/api/v1":           {host: "example.com/gitea"},
		"https://Example.com/Gitea/two/api/v1/":      {host: "example.com/Gitea/two"},
		"http://127.0.0.1:3000/api/v1":               {host: "127.0.0.1:3000"},
		"http://localhost:3000/api/v1":               {host: "localhost:3000"},
		"http://[::1]:3000/api/v1":                   {host: "[::1]:3000"},
		"http://gitea.example.com/api/v1":            {problem: "https"},
		"https://gitea.example.com":                  {problem: "/api/v1"},
		"https://gitea.example.com/api/v2":           {problem: "/api/v1"},
		"https://user:pw@gitea.example.com/api/v1":   {problem: "user"},
		"https://gitea.example.com/api/v1?x=/api/v1": {problem: "query"},
		"https://gitea.example.com/api/v1#x":         {problem: "fragment"},
		"ftp://gitea.example.com/api/v1":             {problem: "https"},
		"/api/v1":                                    {problem: "not a URL"},
		"":                                           {problem: "not a URL"},
		"https:gitea.example.com/api/v1":             {problem: "not a URL"},
	} {
		t.Run(apiURL, func(t *testing.T) {
			g := NewWithT(t)
			k, p := newKind(t), provider(apiURL)
			host, err := k.Host(p.Spec)
			_, opened := k.Open(p, map[string][]byte{"token": []byte("secret")})
			if tc.problem == "" {
				g.Expect(err).NotTo(HaveOccurred())
				g.Expect(opened).NotTo(HaveOccurred())
				g.Expect(host).To(Equal(tc.host))
				return
			}
			for _, err := range []error{err, opened} {
				g.Expect(providers.AsError(err).Reason).To(Equal(v1alpha1.ReasonInvalid))
				g.Expect(err.Error()).To(ContainSubstring(tc.problem))
				g.Expect(err.Error()).NotTo(ContainSubstring("pw"))
			}
		})
	}
	g := NewWithT(t)
	_, err := newKind(t).Host(v1alpha1.ScmProviderSpec{})
	g.Expect(providers.AsError(err).Reason).To(Equal(v1alpha1.ReasonInvalid))
}

func TestAnUnusableSecretIsNamed(t *testing.T) {
	for name, secret := range map[string]map[string][]byte{
		"none":       nil,
		"other key":  {"privateKey": []byte("x")},
		"empty":      {"token": []byte(" \n")},
		"two lines":  {"token": []byte("a\nb")},
		"not ASCII":  {"token": []byte("tökén")},
		"two tokens": {"token": []byte("hush hush")},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			_, err := newKind(t).Open(provider("https://gitea.example.com/api/v1"), secret)
			g.Expect(providers.AsError(err).Reason).To(Equal(v1alpha1.ReasonCredentialsInvalid))
			g.Expect(err.Error()).To(ContainSubstring("Secret gitea-token"))
			g.Expect(err.Error()).NotTo(ContainSubstring("hush"))
		})
	}
}

func TestAnAccountIsItsSecretAndTellsNothingOfIt(t *testing.T) {
	g := NewWithT(t)
	account, err := newKind(t).Open(provider("https://gitea.example.com/api/v1"), map[string][]byte{"token": []byte("hush\n")})
	g.Expect(err).NotTo(HaveOccurred())
	id, known := account.Lane(repository)
	g.Expect(id).To(Equal("gitea.example.com" + lane))
	g.Expect(known).To(BeTrue())
	g.Expect(account.Writer()).To(Equal(id))
	g.Expect(account.Exclusion(commit)).To(BeEmpty())
	g.Expect(fmt.Sprintf("%v %+v %#v %s", account, account, account, account)).NotTo(ContainSubstring("hush"))
}

func TestLimitsOfAScmProviderAreInForce(t *testing.T) {
	g := NewWithT(t)
	k, p := newKind(t), provider("https://gitea.example.com/api/v1")
	seven := int64(7)
	p.Spec.RateLimit = &v1alpha1.RateLimit{RequestsPerMinute: &seven, MaxInFlight: &seven}
	_, err := k.Open(p, map[string][]byte{"token": []byte("x")})
	g.Expect(err).NotTo(HaveOccurred())
	limits := k.installations.Get("gitea.example.com" + lane).Bucket().Limits()
	g.Expect(limits.RequestsPerMinute).To(Equal(seven))
	g.Expect(limits.MaxInFlight).To(Equal(seven))
}

func TestARepositoryIsAnOwnerAndAName(t *testing.T) {
	account, err := newKind(t).Open(provider("https://gitea.example.com/api/v1"), map[string][]byte{"token": []byte("x")})
	if err != nil {
		t.Fatal(err)
	}
	for _, repository := range []string{"", "acme", "acme/", "/shop", "acme/shop/x", "acme/..", "./shop"} {
		t.Run(repository, func(t *testing.T) {
			_, err := account.Client(t.Context(), repository)
			NewWithT(t).Expect(providers.AsError(err).Reason).To(Equal(v1alpha1.ReasonInvalid))
		})
	}
}
