package hub

import (
	"testing"

	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/runtime"
)

func TestTheHubReadsSecretsAndScmProvidersOfItsOwnNamespaceOnly(t *testing.T) {
	g := NewWithT(t)
	by := managerOptions(runtime.NewScheme(), Options{Namespace: "hub"}).Cache.ByObject
	g.Expect(by).To(HaveLen(2))
	for _, o := range by {
		g.Expect(o.Namespaces).To(HaveLen(1))
		g.Expect(o.Namespaces).To(HaveKey("hub"))
	}
}
