package onboard

import (
	"cmp"
	"context"
	"encoding/pem"
	"fmt"
	"net"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/argoproj-labs/commit-status-hub/kubeconfigs"
)

// sameCluster refuses a context of another cluster than that of a member's Secret, which
// would lose what is another's there. Where the Secret's token is the account's, that
// tells; else the two kubeconfigs have to agree on where the cluster is. Where the hub
// cannot use the Secret there is no telling.
func sameCluster(ctx context.Context, member Cluster, secret *corev1.Secret, namespace string) error {
	access := accessOf(secret)
	if access == nil {
		return nil
	}
	claimed := claimsOf(secret).UID
	uid, err := accountUID(ctx, member, client.ObjectKey{Namespace: namespace, Name: Account})
	if err != nil {
		return err
	}
	account := "account " + namespace + "/" + Account
	switch {
	case claimed != "" && uid == claimed:
		return nil
	case claimed != "" && uid != "":
		return fmt.Errorf("the context's cluster is not %s: its %s is another", secret.Name, account)
	}
	same, err := sameEndpoint(access, member.Config)
	switch {
	case err != nil || same:
		return err
	case uid == "":
		return fmt.Errorf("the context's cluster is not %s: it has no %s, and another address and CA than %s; "+
			"if it is gone there already, --keep-member lets %s go", secret.Name, account, access.Host, secret.Name)
	}
	return fmt.Errorf("the context's cluster is not %s: it has another address and CA than %s; --keep-member lets %s go all the same",
		secret.Name, access.Host, secret.Name)
}

// accessOf is how the hub gets into a member; nil where it refuses the Secret.
func accessOf(secret *corev1.Secret) *rest.Config {
	access, err := kubeconfigs.Vet(secret.Data[kubeconfigs.KubeconfigKey])
	if err != nil {
		return nil
	}
	return access
}

// sameEndpoint reports whether two ways lead to one address, or trust one CA: a cluster may
// have several addresses, and its CA is mostly for that cluster alone. At two paths of one
// host, as a proxy for many clusters has them, they are two.
func sameEndpoint(a, b *rest.Config) (bool, error) {
	if host := hostOf(a); host != "" && host == hostOf(b) {
		return serverAt(a) == serverAt(b), nil
	}
	var trusted [2]map[string]bool
	for i, config := range []*rest.Config{a, b} {
		config = rest.CopyConfig(config)
		if err := rest.LoadTLSFiles(config); err != nil {
			return false, fmt.Errorf("reading the CA of %s: %w", config.Host, err)
		}
		trusted[i] = certificatesOf(config.CAData)
	}
	for certificate := range trusted[0] {
		if trusted[1][certificate] {
			return true, nil
		}
	}
	return false, nil
}

// hostOf is the host and the port of a config's server; empty where it cannot be read.
func hostOf(config *rest.Config) string {
	host, _, _ := strings.Cut(serverAt(config), "/")
	return host
}

// serverAt is hostOf with the path.
func serverAt(config *rest.Config) string {
	// With a TLS setting, an address without a scheme counts as https.
	server, _, err := rest.DefaultServerUrlFor(&rest.Config{Host: config.Host, TLSClientConfig: rest.TLSClientConfig{Insecure: true}})
	if err != nil {
		return ""
	}
	return net.JoinHostPort(strings.ToLower(server.Hostname()), cmp.Or(server.Port(), "443")) + strings.TrimRight(server.Path, "/")
}

// certificatesOf are the certificates in PEM blocks.
func certificatesOf(blocks []byte) map[string]bool {
	all := map[string]bool{}
	for {
		var block *pem.Block
		if block, blocks = pem.Decode(blocks); block == nil {
			return all
		}
		all[string(block.Bytes)] = true
	}
}
