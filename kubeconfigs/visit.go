package kubeconfigs

import (
	"net/http"
	"time"

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
	// Credential names what the hub is let in by, and CredentialExpiry is when it ends; zero
	// where it does not, or where that is not known.
	Credential       string
	CredentialExpiry time.Time
	// Server is the member's address.
	Server string

	connection *connection
	token      string
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
	life := lifetimeOf(access)
	return &Visit{
		Config: c.config, Client: c.client, Claims: claims, Credential: life.of, CredentialExpiry: life.until,
		Server: access.Host, connection: c, token: access.BearerToken,
	}, nil
}

// Close ends what is under way.
func (v *Visit) Close() { v.connection.close() }

// Diagnose returns the health that an error of the Visit implies.
func (v *Visit) Diagnose(err error) Health { return diagnose(v.Clean(err)) }

// Clean returns an error of the Visit without the token in its text.
func (v *Visit) Clean(err error) error { return hideIn(err, v.token) }

// Namespaces returns those that a member's Secret is limited to, sorted; none means all.
func Namespaces(secret *corev1.Secret) []string { return namespacesOf(secret) }
