package bitbucket

import (
	"fmt"
	"testing"

	. "github.com/onsi/gomega"
	"k8s.io/utils/clock"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
	"github.com/argoproj-labs/commit-status-hub/ratelimit"
)

func newKind(t *testing.T, s *service) *Kind {
	t.Helper()
	installations := ratelimit.NewInstallations(clock.RealClock{})
	t.Cleanup(installations.CloseIdleConnections)
	if s == cloud {
		return NewCloudKind(installations, clock.RealClock{})
	}
	return NewDataCenterKind(installations, clock.RealClock{})
}

const centerAPI = "https://git.example.com/rest/api/latest"

func TestTheKindsAreNamed(t *testing.T) {
	g := NewWithT(t)
	g.Expect(newKind(t, cloud).Name()).To(Equal(provider(cloud, "").Spec.Kind()))
	g.Expect(newKind(t, cloud).Title()).To(Equal("Bitbucket Cloud"))
	g.Expect(newKind(t, center).Name()).To(Equal(provider(center, "").Spec.Kind()))
	g.Expect(newKind(t, center).Title()).To(Equal("Bitbucket Data Center"))
	g.Expect(newKind(t, center).Fold("ACME/Shop")).To(Equal("acme/shop"))
}

func TestACredentialIsSentOnlyWhereItIsSafe(t *testing.T) {
	for _, tc := range []struct {
		service                      *service
		apiURL, host, pages, problem string
	}{
		{cloud, "", "bitbucket.org", "https://bitbucket.org/", ""},
		{cloud, "https://API.bitbucket.org/2.0/", "bitbucket.org", "https://bitbucket.org/", ""},
		{cloud, "http://127.0.0.1:8080/2.0", "127.0.0.1:8080", "http://127.0.0.1:8080/", ""},
		{cloud, "https://api.bitbucket.org", "", "", "/2.0"},
		{cloud, "https://bitbucket.org/2.0", "", "", "api.bitbucket.org"},
		{cloud, "http://api.bitbucket.org/2.0", "", "", "https"},
		{center, centerAPI, "git.example.com", "https://git.example.com/", ""},
		{center, "https://git.example.com:7990/bitbucket/rest/api/1.0", "git.example.com:7990/bitbucket", "https://git.example.com:7990/bitbucket/", ""},
		{center, "http://[::1]:7990/rest/api/latest", "[::1]:7990", "http://[::1]:7990/", ""},
		{center, "", "", "", "not a URL"},
		{center, "https://git.example.com", "", "", "/rest/api/latest"},
		{center, "https://git.example.com/rest/api", "", "", "/rest/api/latest"},
		{center, "https://user:pw@git.example.com/rest/api/latest", "", "", "user"},
		{center, "https://git.example.com/rest/api/latest?x", "", "", "query"},
		{center, "https:git.example.com/rest/api/latest", "", "", "not a URL"},
	} {
		t.Run(tc.service.name+" "+tc.apiURL, func(t *testing.T) {
			g := NewWithT(t)
			k, p := newKind(t, tc.service), provider(tc.service, tc.apiURL)
			host, err := k.Host(p.Spec)
			opened, openErr := k.Open(p, map[string][]byte{"token": []byte("x")})
			if tc.problem == "" {
				g.Expect(err).NotTo(HaveOccurred())
				g.Expect(openErr).NotTo(HaveOccurred())
				g.Expect(host).To(Equal(tc.host))
				g.Expect(opened.(*account).pages).To(Equal(tc.pages))
				return
			}
			for _, err := range []error{err, openErr} {
				g.Expect(providers.AsError(err).Reason).To(Equal(v1alpha1.ReasonInvalid))
				g.Expect(err.Error()).To(ContainSubstring(tc.problem))
				g.Expect(err.Error()).NotTo(ContainSubstring("pw"))
			}
		})
	}
	for _, s := range []*service{cloud, center} {
		_, err := newKind(t, s).Host(v1alpha1.ScmProviderSpec{})
		NewWithT(t).Expect(providers.AsError(err).Reason).To(Equal(v1alpha1.ReasonInvalid))
	}
}

func TestAnUnusableSecretIsNamed(t *testing.T) {
	for name, secret := range map[string]map[string][]byte{
		"none":         nil,
		"no token":     {"username": []byte("robot")},
		"empty":        {"token": []byte("\n")},
		"two words":    {"token": []byte("hush hush")},
		"a bad user":   {"token": []byte("hush"), "username": []byte("a:b")},
		"a blank user": {"token": []byte("hush"), "username": []byte("a b")},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			_, err := newKind(t, cloud).Open(provider(cloud, ""), secret)
			g.Expect(providers.AsError(err).Reason).To(Equal(v1alpha1.ReasonCredentialsInvalid))
			g.Expect(err.Error()).To(ContainSubstring("Secret bitbucket-token"))
			g.Expect(err.Error()).NotTo(ContainSubstring("hush"))
		})
	}
}

func TestAnAccountIsItsSecretAndTellsNothingOfIt(t *testing.T) {
	g := NewWithT(t)
	k := newKind(t, cloud)
	account, err := k.Open(provider(cloud, ""), map[string][]byte{"token": []byte("hush\n"), "username": []byte("robot@example.com")})
	g.Expect(err).NotTo(HaveOccurred())
	id, known := account.Lane(repository)
	g.Expect(id).To(Equal("bitbucket.org/secret/bitbucket-token"))
	g.Expect(known).To(BeTrue())
	g.Expect(account.Writer()).To(Equal(id))
	g.Expect(account.Exclusion(commit)).To(BeEmpty())
	g.Expect(fmt.Sprintf("%v %+v %#v", account, account, account)).NotTo(ContainSubstring("hush"))
	g.Expect(k.installations.Get(id).Bucket().Limits().RequestsPerHour).To(BeEquivalentTo(1000), "Cloud's own limit")
}

func TestARepositoryHasTwoParts(t *testing.T) {
	for _, repository := range []string{"", "acme", "acme/", "/shop", "acme/shop/x", "acme/..", "./shop"} {
		both(t, func(b *bench) {
			_, err := b.Account.Client(b.Ctx(), repository)
			_ = b.Fails(err, v1alpha1.ReasonInvalid)
		})
	}
}

func TestCloudTakesAUsernameAndDataCenterDoesNot(t *testing.T) {
	b := newBench(t, cloud)
	password := b.bitbucket.AddPassword("robot@example.com", "write")
	b.Account = b.OpenAs(b.Provider, map[string][]byte{"token": []byte(password), "username": []byte("robot@example.com")})
	b.Create(b.Client(repository), at, done)

	b = newBench(t, center)
	b.Account = b.OpenAs(b.Provider, map[string][]byte{"token": []byte(b.token), "username": []byte("robot")})
	b.Create(b.Client(repository), at, done)
}
