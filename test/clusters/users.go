package clusters

import (
	"context"
	"fmt"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
)

// AddUser makes a user of this cluster, known by a new client certificate.
// Without groups and RBAC it may do next to nothing.
func (c *Cluster) AddUser(name string, groups ...string) (*rest.Config, error) {
	user, err := c.environment.AddUser(envtest.User{Name: name, Groups: groups}, nil)
	if err != nil {
		return nil, fmt.Errorf("adding the user %s: %w", name, err)
	}
	return user.Config(), nil
}

// Kubeconfig returns a kubeconfig with the access of Config, with all data inline.
func (c *Cluster) Kubeconfig() []byte {
	return c.KubeconfigFor(c.Config)
}

// AdminKubeconfig returns a kubeconfig with an administrator's access.
func (c *Cluster) AdminKubeconfig() []byte {
	return c.KubeconfigFor(c.environment.Config)
}

// KubeconfigFor returns a kubeconfig for this cluster with the token or the
// client certificate of config, with all data inline.
func (c *Cluster) KubeconfigFor(config *rest.Config) []byte {
	const name = "default"
	written, err := clientcmd.Write(clientcmdapi.Config{
		Clusters: map[string]*clientcmdapi.Cluster{
			name: {Server: c.server(), CertificateAuthorityData: c.Config.CAData},
		},
		AuthInfos: map[string]*clientcmdapi.AuthInfo{
			name: {Token: config.BearerToken, ClientCertificateData: config.CertData, ClientKeyData: config.KeyData},
		},
		Contexts:       map[string]*clientcmdapi.Context{name: {Cluster: name, AuthInfo: name}},
		CurrentContext: name,
	})
	if err != nil {
		panic(err) // only a kind that is missing from client-go's own scheme
	}
	return written
}

// TokenKubeconfig returns a kubeconfig with a new token of a ServiceAccount,
// which is made where it does not exist, as is its namespace.
func (c *Cluster) TokenKubeconfig(ctx context.Context, namespace, serviceAccount string) ([]byte, error) {
	for _, object := range []client.Object{
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}},
		&corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: serviceAccount}},
	} {
		if err := client.IgnoreAlreadyExists(c.Client.Create(ctx, object)); err != nil {
			return nil, fmt.Errorf("making the service account: %w", err)
		}
	}
	token, err := c.token(ctx, namespace, serviceAccount)
	if err != nil {
		return nil, err
	}
	return c.KubeconfigFor(&rest.Config{BearerToken: token}), nil
}

// token has a token made for a ServiceAccount.
func (c *Cluster) token(ctx context.Context, namespace, serviceAccount string) (string, error) {
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: serviceAccount}}
	request := &authenticationv1.TokenRequest{}
	if err := c.Client.SubResource("token").Create(ctx, account, request); err != nil {
		return "", fmt.Errorf("requesting a token: %w", err)
	}
	return request.Status.Token, nil
}

// server is the API server's address as a kubeconfig has it: envtest's config
// leaves the scheme out.
func (c *Cluster) server() string {
	return c.environment.ControlPlane.GetAPIServer().SecureServing.URL("https", "").String()
}
