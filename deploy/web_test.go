package deploy_test

import (
	"testing"

	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/intstr"
)

func TestChart_LetsOthersReachTheFleetPageOnlyWhereItIsAskedTo(t *testing.T) {
	for address, port := range map[string]int32{
		"": 0, "0": 0, "127.0.0.1:8082": 0, "127.1.2.3:80": 0, "localhost:8082": 0, "[::1]:8082": 0,
		":8082": 8082, "0.0.0.0:9000": 9000, "[::]:8082": 8082, "10.0.0.1:80": 80,
	} {
		t.Run(address, func(t *testing.T) {
			g := NewWithT(t)
			var args []string
			if address != "" {
				args = []string{"--set-string", "web.bindAddress=" + address}
			}
			objects := helm(t, "commit-status-hub", shipped.namespace, args...)
			container := theOnly[appsv1.Deployment](t, objects, "Deployment").Spec.Template.Spec.Containers[0]
			if address == "" {
				g.Expect(container.Args).To(Equal([]string{"run"}))
			} else {
				g.Expect(container.Args).To(Equal([]string{"run", "--web-bind-address=" + address}))
			}
			in := theOnly[networkingv1.NetworkPolicy](t, objects, "NetworkPolicy").Spec.Ingress
			services := services(t, objects)
			if port == 0 {
				g.Expect(container.Ports).To(HaveLen(2))
				g.Expect(in).To(HaveLen(2))
				g.Expect(services).NotTo(HaveKey("commit-status-hub-web"))
				return
			}
			g.Expect(container.Ports).To(ContainElement(And(HaveField("Name", "web"), HaveField("ContainerPort", port))))
			g.Expect(in).To(ContainElement(HaveField("Ports", ConsistOf(HaveField("Port", HaveValue(Equal(intstr.FromString("web"))))))))
			g.Expect(services["commit-status-hub-web"].Spec.Ports).To(ConsistOf(And(HaveField("Port", port), HaveField("TargetPort", intstr.FromString("web")))))
		})
	}
}

// services returns the Services by name.
func services(t *testing.T, objects []*unstructured.Unstructured) map[string]*corev1.Service {
	t.Helper()
	found := map[string]*corev1.Service{}
	for _, o := range objects {
		if o.GetKind() == "Service" {
			found[o.GetName()] = theOnly[corev1.Service](t, []*unstructured.Unstructured{o}, "Service")
		}
	}
	return found
}
