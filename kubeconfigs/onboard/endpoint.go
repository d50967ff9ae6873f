package onboard

import (
	"crypto/x509"
	"fmt"
	"net"
	"net/url"

	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// Endpoint is where a member is, and how to know that it is that member.
type Endpoint struct {
	Server string
	// CA holds PEM certificates.
	CA []byte
	// TLSServerName is in the server's certificate where that is not Server's host.
	TLSServerName string
}

// endpointOf is the endpoint in a context's cluster, or at server where that is
// given. It refuses a cluster of which the hub could not know that it is the right one.
func endpointOf(context string, cluster *clientcmdapi.Cluster, server string) (Endpoint, error) {
	refuse := func(why string) (Endpoint, error) {
		return Endpoint{}, fmt.Errorf("context %q: %s", context, why)
	}
	ours := server != ""
	if !ours {
		server = cluster.Server
	}
	parsed, err := url.Parse(server)
	switch {
	case err != nil || parsed.Hostname() == "":
		return refuse("the server is no URL")
	case parsed.Scheme != "https":
		return refuse("the server must be https: a token is sent to it")
	case cluster.InsecureSkipTLSVerify:
		return refuse("insecure-skip-tls-verify is set, so nothing tells the hub that it is the right cluster: use a context with the cluster's CA")
	case cluster.ProxyURL != "" && !ours:
		return refuse("it goes through a proxy, which the hub does not: say with --server where the hub reaches the cluster")
	case len(cluster.CertificateAuthorityData) == 0:
		return refuse("it has no certificate-authority, which the hub needs to know the cluster: use a context that has")
	case !x509.NewCertPool().AppendCertsFromPEM(cluster.CertificateAuthorityData):
		return refuse("its certificate-authority holds no PEM certificate")
	}
	return Endpoint{Server: server, CA: cluster.CertificateAuthorityData, TLSServerName: cluster.TLSServerName}, nil
}

// kubeconfig is a kubeconfig for the endpoint with a token.
func (e Endpoint) kubeconfig(token string) ([]byte, error) {
	const cluster, user = "member", "hub"
	written, err := clientcmd.Write(clientcmdapi.Config{
		Clusters: map[string]*clientcmdapi.Cluster{
			cluster: {Server: e.Server, CertificateAuthorityData: e.CA, TLSServerName: e.TLSServerName},
		},
		AuthInfos:      map[string]*clientcmdapi.AuthInfo{user: {Token: token}},
		Contexts:       map[string]*clientcmdapi.Context{cluster: {Cluster: cluster, AuthInfo: user}},
		CurrentContext: cluster,
	})
	if err != nil {
		return nil, fmt.Errorf("writing the member's kubeconfig: %w", err)
	}
	return written, nil
}

// onlyHere reports whether the server's address leads to another server from another machine.
func (e Endpoint) onlyHere() bool {
	parsed, err := url.Parse(e.Server)
	if err != nil {
		return false
	}
	ip := net.ParseIP(parsed.Hostname())
	return parsed.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
}
