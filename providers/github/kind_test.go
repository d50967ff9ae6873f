package github

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"sync"
	"testing"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/clock"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
	"github.com/argoproj-labs/commit-status-hub/ratelimit"
)

// rsaKey is one key for all tests that don't care which: making one is slow.
var rsaKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

func pkcs1() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(rsaKey())})
}

func pkcs8(t *testing.T, key any) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

func newKind(t *testing.T) *Kind {
	t.Helper()
	installations := ratelimit.NewInstallations(clock.RealClock{})
	t.Cleanup(installations.CloseIdleConnections)
	return NewKind(installations, clock.RealClock{})
}

func provider(apiURL string, app, installation int64) *v1alpha1.ScmProvider {
	return &v1alpha1.ScmProvider{
		ObjectMeta: metav1.ObjectMeta{Name: "acme-github"},
		Spec: v1alpha1.ScmProviderSpec{
			GitHub:    &v1alpha1.GitHubSpec{APIURL: v1alpha1.APIURL(apiURL), AppID: app, InstallationID: installation},
			SecretRef: v1alpha1.ObjectReference{Name: "acme-github-app"},
		},
	}
}

func TestGitHubIsNamedForMachinesAndForPeople(t *testing.T) {
	g := NewWithT(t)
	g.Expect(newKind(t).Name()).To(Equal("github"))
	g.Expect(newKind(t).Title()).To(Equal("GitHub"))
}

func TestHostIsTheHostOfTheWebPages(t *testing.T) {
	for api, want := range map[string]string{
		"":                                    "github.com",
		"https://api.github.com":              "github.com",
		"https://API.GitHub.com/":             "github.com",
		"https://api.github.com:443":          "github.com",
		"https://api.octocorp.ghe.com":        "octocorp.ghe.com",
		"https://ghe.example.com/api/v3":      "ghe.example.com",
		"https://ghe.example.com:8443/api/v3": "ghe.example.com:8443",
		"https://api.example.com/api/v3":      "api.example.com",
		"http://127.0.0.1:4711":               "127.0.0.1:4711",
		"https://example.com/ghe/api/v3":      "example.com/ghe",
		"http://127.0.0.1:4711/a/":            "127.0.0.1:4711/a",
		"http://localhost:4711":               "localhost:4711",
		"http://[::1]:4711":                   "[::1]:4711",
	} {
		t.Run(api, func(t *testing.T) {
			g := NewWithT(t)
			host, err := newKind(t).Host(provider(api, 1, 0).Spec)
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(host).To(Equal(want))
		})
	}
}

func TestNoCredentialIsSentToAnEndpointThatMayNotHaveIt(t *testing.T) {
	for _, api := range []string{
		"http://ghe.example.com/api/v3", "http://127.0.0.1.example.com", "ftp://127.0.0.1", "https://user:pw@ghe.example.com",
		"https://ghe.example.com/?a=b", "https://ghe.example.com/?", "https://ghe.example.com/#a", "https:///api", "https:ghe", "::", "/api",
		"https://github.com",
	} {
		t.Run(api, func(t *testing.T) {
			g := NewWithT(t)
			_, err := newKind(t).Host(provider(api, 1, 0).Spec)
			g.Expect(providers.AsError(err).Reason).To(Equal(v1alpha1.ReasonInvalid))
			g.Expect(err.Error()).NotTo(ContainSubstring("pw"))
			_, err = newKind(t).Open(provider(api, 1, 0), map[string][]byte{privateKeyField: pkcs1()})
			g.Expect(providers.AsError(err).Reason).To(Equal(v1alpha1.ReasonInvalid))
		})
	}
}

func TestSpellingsOfOneRepositoryFoldToOne(t *testing.T) {
	g := NewWithT(t)
	g.Expect(newKind(t).Fold("Acme/Shop")).To(Equal("acme/shop"))
	g.Expect(newKind(t).Name()).To(Equal("github"))
}

func TestNamesFoldWhereGitHubFoldsThem(t *testing.T) {
	g := NewWithT(t)
	kind := newKind(t)
	g.Expect(kind.FoldName(v1alpha1.ScmProviderSpec{GitHub: &v1alpha1.GitHubSpec{}}, "Build")).To(Equal("build"), "contexts")
	g.Expect(kind.FoldName(v1alpha1.ScmProviderSpec{GitHub: &v1alpha1.GitHubSpec{AppID: 1}}, "Build")).To(Equal("Build"), "check runs")
}

func TestAnUnusableSecretIsToldApart(t *testing.T) {
	for name, tc := range map[string]struct {
		app     int64
		secret  map[string][]byte
		reason  string
		message string
	}{
		"no key": {
			1,
			map[string][]byte{"other": []byte("hush")},
			v1alpha1.ReasonCredentialsInvalid,
			"Secret acme-github-app has no key privateKey, which holds the GitHub App's private key as PEM: it has other",
		},
		"an empty Secret": {
			1,
			map[string][]byte{},
			v1alpha1.ReasonCredentialsInvalid,
			"Secret acme-github-app has no key privateKey, which holds the GitHub App's private key as PEM: it is empty",
		},
		"many other keys": {
			1,
			map[string][]byte{"a": nil, "b": nil, "c": nil, "d": nil, "e": nil},
			v1alpha1.ReasonCredentialsInvalid,
			"Secret acme-github-app has no key privateKey, which holds the GitHub App's private key as PEM: it has a, b, c and 2 more",
		},
		"only a token, for an app": {
			1,
			map[string][]byte{"token": []byte("hush")},
			v1alpha1.ReasonCredentialsInvalid,
			"Secret acme-github-app has no key privateKey, which holds the GitHub App's private key as PEM: " +
				"for the plain token in it, set neither spec.github.appID nor installationID",
		},
		"an empty token": {
			0,
			map[string][]byte{"token": []byte(" \n")},
			v1alpha1.ReasonCredentialsInvalid,
			"key token of Secret acme-github-app is empty",
		},
		"two tokens": {
			0,
			map[string][]byte{"token": []byte("hush\nhush")},
			v1alpha1.ReasonCredentialsInvalid,
			"key token of Secret acme-github-app is no token: it has characters that none has",
		},
		"no app": {
			0,
			map[string][]byte{"privateKey": pkcs1()},
			v1alpha1.ReasonCredentialsInvalid,
			"spec.github.appID is not set: the private key in Secret acme-github-app needs the ID of its GitHub App",
		},
		"no PEM": {
			1,
			map[string][]byte{"privateKey": []byte("hush")},
			v1alpha1.ReasonCredentialsInvalid,
			"key privateKey of Secret acme-github-app is not a PEM: " + fromFile,
		},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			_, err := newKind(t).Open(provider("", tc.app, 0), tc.secret)
			g.Expect(err).To(HaveOccurred())
			g.Expect(providers.AsError(err).Reason).To(Equal(tc.reason))
			g.Expect(err.Error()).To(Equal(tc.message))
		})
	}
}

func TestBothFormsOfAPrivateKeyOpen(t *testing.T) {
	for name, text := range map[string][]byte{"PKCS 1": pkcs1(), "PKCS 8": pkcs8(t, rsaKey())} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			account, err := newKind(t).Open(provider("", 12345, 0), map[string][]byte{privateKeyField: text})
			g.Expect(err).NotTo(HaveOccurred())
			secret := rsaKey().D.String()
			g.Expect(fmt.Sprintf("%v %+v %s", account, account, account)).NotTo(ContainSubstring(secret))
		})
	}
}

func TestTheLaneIsTheInstallationOrUntilThenTheApp(t *testing.T) {
	g := NewWithT(t)
	secret := map[string][]byte{privateKeyField: pkcs1()}
	account, err := newKind(t).Open(provider("", 12345, 678), secret)
	g.Expect(err).NotTo(HaveOccurred())
	id, known := account.Lane("acme/shop")
	g.Expect(id).To(Equal("github.com/app/12345/installation/678"))
	g.Expect(known).To(BeTrue())

	account, err = newKind(t).Open(provider("", 12345, 0), secret)
	g.Expect(err).NotTo(HaveOccurred())
	id, known = account.Lane("acme/shop")
	g.Expect(id).To(Equal("github.com/app/12345"))
	g.Expect(known).To(BeFalse())
}

func TestTheLimitsOfAScmProviderAreInForceAtItsInstallation(t *testing.T) {
	g := NewWithT(t)
	kind, spec := newKind(t), provider("", 12345, 678)
	nine := int64(9)
	spec.Spec.RateLimit = &v1alpha1.RateLimit{WritesPerMinute: &nine}
	_, err := kind.Open(spec, map[string][]byte{privateKeyField: pkcs1()})
	g.Expect(err).NotTo(HaveOccurred())
	limits := kind.installations.Get("github.com/app/12345/installation/678").Bucket().Limits()
	g.Expect(limits.WritesPerMinute).To(Equal(nine))
	g.Expect(limits.PointsPerMinute).To(Equal(int64(900)))
}

func TestARepositoryThatIsNoneIsNeverAskedFor(t *testing.T) {
	account, err := newKind(t).Open(provider("", 12345, 678), map[string][]byte{privateKeyField: pkcs1()})
	if err != nil {
		t.Fatal(err)
	}
	for _, repository := range []string{"", "acme", "acme/", "/shop", "acme/shop/x", "acme/..", "./shop"} {
		t.Run(repository, func(t *testing.T) {
			g := NewWithT(t)
			_, err := account.Client(t.Context(), repository)
			g.Expect(providers.AsError(err).Reason).To(Equal(v1alpha1.ReasonInvalid))
		})
	}
}
