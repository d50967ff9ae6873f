package onboard

import (
	"fmt"
	"path/filepath"
	"testing"

	. "github.com/onsi/gomega"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

func kubeconfigWith(t *testing.T, current string, names ...string) Contexts {
	t.Helper()
	config := clientcmdapi.NewConfig()
	config.CurrentContext = current
	config.Clusters["c"] = &clientcmdapi.Cluster{Server: "https://a.example.com", CertificateAuthorityData: []byte("ca")}
	for _, name := range names {
		config.Contexts[name] = &clientcmdapi.Context{Cluster: "c"}
	}
	file := filepath.Join(t.TempDir(), "kubeconfig")
	NewWithT(t).Expect(clientcmd.WriteToFile(*config, file)).To(Succeed())
	return Contexts{Kubeconfig: file}
}

func TestContexts_UnknownOneNamesThoseThereAre(t *testing.T) {
	g := NewWithT(t)
	contexts := kubeconfigWith(t, "gone", "prod", "hub")
	want := MatchError(`the kubeconfig has no context "nope": its contexts are hub, prod`)
	_, err := contexts.Cluster("nope")
	g.Expect(err).To(want)
	_, err = contexts.Endpoint("nope", "")
	g.Expect(err).To(want)
	_, err = contexts.Cluster("")
	g.Expect(err).To(MatchError(`the kubeconfig has no context "gone": its contexts are hub, prod`))

	_, err = kubeconfigWith(t, "", "prod", "hub").Cluster("")
	g.Expect(err).To(MatchError("the kubeconfig has no current context, and --hub-context names none: its contexts are hub, prod"))
	empty := kubeconfigWith(t, "")
	_, err = empty.Cluster("nope")
	g.Expect(err).To(MatchError(`the kubeconfig has no context "nope": there are no contexts in ` + empty.Kubeconfig))
}

func TestContexts_ManyAreNotAllNamed(t *testing.T) {
	g := NewWithT(t)
	var names []string
	for n := range contextsListed + 3 {
		names = append(names, fmt.Sprintf("c%02d", n))
	}
	_, err := kubeconfigWith(t, "", names...).Cluster("nope")
	g.Expect(err).To(MatchError(HaveSuffix("c18, c19, and 3 more")))
}
