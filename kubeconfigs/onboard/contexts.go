package onboard

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// requestLimit bounds each request of a command.
const requestLimit = 30 * time.Second

// Contexts finds clusters as kubectl does, with the caller's own rights.
type Contexts struct {
	// Kubeconfig is a file. Without one it is $KUBECONFIG, or ~/.kube/config.
	Kubeconfig string
}

// Cluster is a person's access to one cluster.
type Cluster struct {
	client.Client
	Config *rest.Config
	// Context is the one that was asked for; empty for the current one.
	Context string
}

// Names returns the contexts there are, sorted.
func (c Contexts) Names() []string {
	config, err := c.rules().Load()
	if err != nil {
		return nil
	}
	return slices.Sorted(maps.Keys(config.Contexts))
}

// Cluster connects to a context's cluster, or without one to that of the current
// context. It sends nothing.
func (c Contexts) Cluster(context string) (Cluster, error) {
	file, err := c.rules().Load()
	if err != nil {
		return Cluster{}, fmt.Errorf("reading the kubeconfig: %w", err)
	}
	if err := c.find(file, context); err != nil {
		return Cluster{}, err
	}
	config, err := c.config(context).ClientConfig()
	if err != nil {
		return Cluster{}, fmt.Errorf("reading the kubeconfig: %w", err)
	}
	config.Timeout = requestLimit
	cluster, err := Connect(config)
	cluster.Context = context
	return cluster, err
}

// Connect makes a Cluster of a config. It sends nothing.
func Connect(config *rest.Config) (Cluster, error) {
	config = rest.CopyConfig(config)
	// A command makes few requests; to delay them would only cost their deadlines.
	config.QPS = -1
	// Whatever a cluster says in a warning would reach the terminal.
	config.WarningHandler = rest.NoWarnings{}
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{clientgoscheme.AddToScheme, apiextensionsv1.AddToScheme} {
		if err := add(scheme); err != nil {
			return Cluster{}, fmt.Errorf("registering kinds: %w", err)
		}
	}
	made, err := client.New(config, client.Options{Scheme: scheme})
	if err != nil {
		return Cluster{}, fmt.Errorf("making a client: %w", err)
	}
	return Cluster{Client: made, Config: config}, nil
}

// Endpoint is where a context's cluster is, or server where that is given. It reads
// the CA's file, if it is one.
func (c Contexts) Endpoint(context, server string) (Endpoint, error) {
	config, err := c.rules().Load()
	if err != nil {
		return Endpoint{}, fmt.Errorf("reading the kubeconfig: %w", err)
	}
	if err := c.find(config, context); err != nil {
		return Endpoint{}, err
	}
	entry := config.Contexts[context]
	if entry == nil || config.Clusters[entry.Cluster] == nil {
		return Endpoint{}, fmt.Errorf("context %q of the kubeconfig is without a cluster", context)
	}
	cluster := config.Clusters[entry.Cluster].DeepCopy()
	if len(cluster.CertificateAuthorityData) == 0 && cluster.CertificateAuthority != "" {
		if cluster.CertificateAuthorityData, err = os.ReadFile(cluster.CertificateAuthority); err != nil {
			return Endpoint{}, fmt.Errorf("reading the CA of context %q: %w", context, err)
		}
	}
	return endpointOf(context, cluster, server)
}

// contextsListed is how many contexts an error names.
const contextsListed = 20

// find returns an error that names the contexts there are, unless context, or without one the
// current context, is one of them. A kubeconfig without contexts is no error for the current one:
// a pod has none.
func (c Contexts) find(config *clientcmdapi.Config, context string) error {
	name := cmp.Or(context, config.CurrentContext)
	if config.Contexts[name] != nil || name == "" && len(config.Contexts) == 0 {
		return nil
	}
	what := fmt.Sprintf("the kubeconfig has no context %q", name)
	if name == "" {
		what = "the kubeconfig has no current context, and --hub-context names none"
	}
	names := slices.Sorted(maps.Keys(config.Contexts))
	if len(names) == 0 {
		return fmt.Errorf("%s: there are no contexts in %s", what, strings.Join(c.rules().GetLoadingPrecedence(), ", "))
	}
	if more := len(names) - contextsListed; more > 0 {
		names = append(names[:contextsListed:contextsListed], fmt.Sprintf("and %d more", more))
	}
	return fmt.Errorf("%s: its contexts are %s", what, strings.Join(names, ", "))
}

func (c Contexts) rules() *clientcmd.ClientConfigLoadingRules {
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = c.Kubeconfig
	return rules
}

func (c Contexts) config(context string) clientcmd.ClientConfig {
	return clientcmd.NewNonInteractiveDeferredLoadingClientConfig(c.rules(), &clientcmd.ConfigOverrides{CurrentContext: context})
}
