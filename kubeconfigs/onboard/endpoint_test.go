package onboard

import (
	"testing"

	. "github.com/onsi/gomega"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/argoproj-labs/commit-status-hub/kubeconfigs"
)

func TestAnEndpointThatTheHubCouldNotTrustIsRefused(t *testing.T) {
	for name, c := range map[string]struct {
		cluster clientcmdapi.Cluster
		server  string
		why     string
	}{
		"http":                {clientcmdapi.Cluster{Server: "http://a"}, "", "must be https"},
		"http by flag":        {clientcmdapi.Cluster{Server: "https://a"}, "http://b", "must be https"},
		"no URL":              {clientcmdapi.Cluster{Server: "a"}, "", "no URL"},
		"no TLS check":        {clientcmdapi.Cluster{Server: "https://a", InsecureSkipTLSVerify: true}, "", "insecure-skip-tls-verify"},
		"no CA":               {clientcmdapi.Cluster{Server: "https://a"}, "", "no certificate-authority"},
		"a CA that is no PEM": {clientcmdapi.Cluster{Server: "https://a", CertificateAuthorityData: []byte("x")}, "", "no PEM"},
		"a proxy":             {clientcmdapi.Cluster{Server: "https://a", ProxyURL: "http://p"}, "", "--server"},
		"a proxy, but no CA":  {clientcmdapi.Cluster{Server: "https://a", ProxyURL: "http://p"}, "https://b", "no certificate-authority"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := endpointOf("prod-eu", &c.cluster, c.server)
			NewWithT(t).Expect(err).To(MatchError(And(ContainSubstring(c.why), ContainSubstring("prod-eu"))))
		})
	}
}

func TestOnlyLoopbackIsOnlyHere(t *testing.T) {
	g := NewWithT(t)
	for server, here := range map[string]bool{
		"https://127.0.0.1:6443": true, "https://localhost:6443": true, "https://[::1]:6443": true,
		"https://10.0.0.7:6443": false, "https://prod.example.com": false,
	} {
		g.Expect(Endpoint{Server: server}.onlyHere()).To(Equal(here), server)
	}
}

func TestHubsOfOtherNamespacesHaveOtherRoles(t *testing.T) {
	g := NewWithT(t)
	g.Expect(role(DefaultNamespace)).To(Equal("commit-status-hub"))
	g.Expect(role("platform")).To(Equal("commit-status-hub:platform"))
}

func TestThisVersionLacksNoneOfItsOwnFields(t *testing.T) {
	g := NewWithT(t)
	written := writtenFields()
	g.Expect(written.Properties).To(And(HaveKey("conditions"), HaveKey("provider")))
	g.Expect(compare(written, written, "status")).To(BeEmpty())
	g.Expect(compare(written, nil, "status")).To(Equal([]string{"status"}))
	g.Expect(compare(written, &fields{KeepsAll: true}, "status")).To(BeEmpty())
}

func TestVettingAcceptsWhatIsMade(t *testing.T) {
	g := NewWithT(t)
	kubeconfig, err := Endpoint{Server: "https://a", TLSServerName: "b"}.kubeconfig("token")
	g.Expect(err).NotTo(HaveOccurred())
	access, err := kubeconfigs.Vet(kubeconfig)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(access.ServerName).To(Equal("b"))
}
