package kubeconfigs

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"maps"
	"net/url"
	"reflect"
	"slices"
	"strings"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// Vet reads a kubeconfig that is not trusted and returns what the hub uses of
// its current context: server, CA data, TLS server name, token, and client
// certificate and key data. Nothing is executed, opened or dialed.
//
// It returns a *Refusal where any cluster or user in the file, used or not, has
// a field that would make the hub run a program, read a file, skip a check, or
// act as or by way of somebody else. Nothing from the file but the names of its
// entries is repeated in the refusal: parsers like to quote what they read.
func Vet(kubeconfig []byte) (*rest.Config, error) {
	if len(kubeconfig) == 0 {
		return nil, refuse(KubeconfigMissing, "the Secret has no key %q", KubeconfigKey)
	}
	file, err := clientcmd.Load(kubeconfig)
	if err != nil {
		return nil, refuse(KubeconfigUnreadable, "it is not a kubeconfig")
	}
	if err := vetFields(kubeconfig); err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(file.Clusters)) {
		if err := vetCluster(name, file.Clusters[name]); err != nil {
			return nil, err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(file.AuthInfos)) {
		if err := vetUser(name, file.AuthInfos[name]); err != nil {
			return nil, err
		}
	}
	cluster, user, err := current(file)
	if err != nil {
		return nil, err
	}
	if err := vetServer(cluster.Server); err != nil {
		return nil, err
	}
	return rebuild(cluster, user)
}

// vetCluster refuses what a cluster entry may not have. What is left once the
// allowed fields are taken away must be empty, so that a field which a later
// Kubernetes adds is refused until somebody has thought about it.
func vetCluster(name string, c *clientcmdapi.Cluster) error {
	if c == nil {
		return refuse(KubeconfigUnreadable, "cluster %q is empty", name)
	}
	switch {
	case c.InsecureSkipTLSVerify:
		return refuse(InsecureForbidden, "cluster %q: insecure-skip-tls-verify is not allowed", name)
	case c.ProxyURL != "":
		return refuse(ProxyForbidden, "cluster %q: proxy-url is not allowed", name)
	case c.CertificateAuthority != "":
		return refuse(FileForbidden, "cluster %q: certificate-authority is a file, use certificate-authority-data", name)
	}
	rest := *c
	rest.Server, rest.CertificateAuthorityData, rest.TLSServerName = "", nil, ""
	// Neither changes who is spoken to, and neither is used.
	rest.DisableCompression, rest.Extensions = false, nil
	if !reflect.DeepEqual(rest, clientcmdapi.Cluster{}) {
		return refuse(FieldForbidden, "cluster %q has a field that is not allowed", name)
	}
	return nil
}

// vetUser is vetCluster for users.
func vetUser(name string, u *clientcmdapi.AuthInfo) error {
	if u == nil {
		return refuse(KubeconfigUnreadable, "user %q is empty", name)
	}
	switch {
	case u.Exec != nil:
		return refuse(ExecForbidden, "user %q: exec is not allowed", name)
	case u.AuthProvider != nil:
		return refuse(AuthProviderForbidden, "user %q: auth-provider is not allowed", name)
	case u.TokenFile != "":
		return refuse(FileForbidden, "user %q: tokenFile is a file, use token", name)
	case u.ClientCertificate != "":
		return refuse(FileForbidden, "user %q: client-certificate is a file, use client-certificate-data", name)
	case u.ClientKey != "":
		return refuse(FileForbidden, "user %q: client-key is a file, use client-key-data", name)
	case u.Username != "" || u.Password != "":
		return refuse(BasicAuthForbidden, "user %q: username and password are not allowed", name)
	case u.Impersonate != "" || u.ImpersonateUID != "" || len(u.ImpersonateGroups) > 0 || len(u.ImpersonateUserExtra) > 0:
		return refuse(ImpersonationForbidden, "user %q: impersonation is not allowed", name)
	}
	rest := *u
	rest.Token, rest.ClientCertificateData, rest.ClientKeyData, rest.Extensions = "", nil, nil, nil
	rest.ImpersonateGroups, rest.ImpersonateUserExtra = nil, nil // empty, as seen above
	if !reflect.DeepEqual(rest, clientcmdapi.AuthInfo{}) {
		return refuse(FieldForbidden, "user %q has a field that is not allowed", name)
	}
	return nil
}

// current returns the entries that the current context names.
func current(file *clientcmdapi.Config) (*clientcmdapi.Cluster, *clientcmdapi.AuthInfo, error) {
	if file.CurrentContext == "" {
		return nil, nil, refuse(ContextMissing, "it has no current-context")
	}
	context := file.Contexts[file.CurrentContext]
	if context == nil {
		return nil, nil, refuse(ContextMissing, "its current-context %q does not exist", file.CurrentContext)
	}
	cluster, user := file.Clusters[context.Cluster], file.AuthInfos[context.AuthInfo]
	if cluster == nil || user == nil {
		return nil, nil, refuse(ContextMissing, "context %q names a cluster or user that does not exist", file.CurrentContext)
	}
	return cluster, user, nil
}

func vetServer(server string) error {
	parsed, err := url.Parse(server)
	switch {
	case err != nil || parsed.Scheme != "https" || parsed.Hostname() == "":
		return refuse(ServerForbidden, "the server is not an https URL")
	case parsed.User != nil:
		return refuse(BasicAuthForbidden, "the server's URL holds a user")
	case parsed.RawQuery != "" || parsed.Fragment != "":
		return refuse(ServerForbidden, "the server's URL has a query or a fragment")
	}
	return nil
}

// rebuild makes a config from allowed fields that are known to be usable: what
// is wrong here would otherwise be tried again for ever as if the member were
// down.
func rebuild(cluster *clientcmdapi.Cluster, user *clientcmdapi.AuthInfo) (*rest.Config, error) {
	token := strings.TrimSpace(user.Token)
	if !tokenCharacters(token) {
		return nil, refuse(KubeconfigUnusable, "the token holds characters that no token has")
	}
	if token == "" && len(user.ClientCertificateData) == 0 && len(user.ClientKeyData) == 0 {
		return nil, refuse(CredentialMissing, "the current user has neither a token nor a client certificate")
	}
	if ca := cluster.CertificateAuthorityData; len(ca) > 0 && !x509.NewCertPool().AppendCertsFromPEM(ca) {
		return nil, refuse(KubeconfigUnusable, "certificate-authority-data holds no PEM certificate")
	}
	if cert, key := user.ClientCertificateData, user.ClientKeyData; len(cert) > 0 || len(key) > 0 {
		if _, err := tls.X509KeyPair(cert, key); err != nil {
			return nil, refuse(KubeconfigUnusable, "client-certificate-data and client-key-data are not a pair")
		}
	}
	return &rest.Config{
		Host:        cluster.Server,
		BearerToken: token,
		TLSClientConfig: rest.TLSClientConfig{
			ServerName: cluster.TLSServerName,
			CAData:     cluster.CertificateAuthorityData,
			CertData:   user.ClientCertificateData,
			KeyData:    user.ClientKeyData,
		},
	}, nil
}

// tokenCharacters reports whether a token can be sent in a header: printable ASCII without
// spaces.
func tokenCharacters(token string) bool {
	return !strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' })
}

// Refusal is why the hub does not use a Secret. Only a change of the Secret can
// help, so nothing is tried again before.
type Refusal struct {
	// Reason is one of this package's reasons.
	Reason string
	// Message is for people and holds nothing secret.
	Message string
}

// Error returns the message.
func (r *Refusal) Error() string { return r.Message }

func refuse(reason, format string, args ...any) *Refusal {
	return &Refusal{Reason: reason, Message: fmt.Sprintf(format, args...)}
}
