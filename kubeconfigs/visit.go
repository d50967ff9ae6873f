package kubeconfigs

import (
	"net/http"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/rest"
)

// Visit is a connection to a member as the hub makes it, for who wants to look at
// the member without engaging it: to that server alone, with deadlines, and with
// the token taken out of errors.
type Visit struct {
	// Config and Client go together; Config holds no credential.
	Config *rest.Config
	Client *http.Client
	// Claims are those of the token; zero where there is none that can be read.
	Claims TokenClaims
	// Server is the member's address.
	Server string

	connection *connection
}

// Open vets a member's Secret and prepares to connect. It sends nothing. The error
// is a *Refusal where the hub would not use the Secret either. The caller closes
// the Visit.
func Open(secret *corev1.Secret) (*Visit, error) {
	if secret.Name == LocalCluster {
		return nil, refuse(NameReserved, "the name %q means the hub's own cluster", LocalCluster)
	}
	access, err := Vet(secret.Data[KubeconfigKey])
	if err != nil {
		return nil, err
	}
	c, err := dial(access, defaultDeadlines)
	if err != nil {
		return nil, err
	}
	claims, _ := ReadToken(access.BearerToken)
	return &Visit{Config: c.config, Client: c.client, Claims: claims, Server: access.Host, connection: c}, nil
}

// Close ends what is under way.
func (v *Visit) Close() { v.connection.close() }

// Diagnose tells what an error of a Visit says about the member, as its health does.
func Diagnose(err error) Health { return diagnose(err) }

// Namespaces returns those that a member's Secret is limited to, sorted; none means all.
func Namespaces(secret *corev1.Secret) []string { return namespacesOf(secret) }
