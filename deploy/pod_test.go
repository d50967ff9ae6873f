package deploy_test

import (
	"testing"

	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
)

// theOnly returns the one object of a kind.
func theOnly[T any](t *testing.T, objects []*unstructured.Unstructured, kind string) *T {
	t.Helper()
	g := NewWithT(t)
	var found []*unstructured.Unstructured
	for _, o := range objects {
		if o.GetKind() == kind {
			found = append(found, o)
		}
	}
	g.Expect(found).To(HaveLen(1), kind)
	out := new(T)
	g.Expect(runtime.DefaultUnstructuredConverter.FromUnstructured(found[0].Object, out)).To(Succeed())
	return out
}

// TestThePodMayDoNextToNothing asks for more than the standard that its namespace enforces.
func TestThePodMayDoNextToNothing(t *testing.T) {
	g := NewWithT(t)
	pod := theOnly[appsv1.Deployment](t, kustomize(t, "hub"), "Deployment").Spec.Template.Spec
	g.Expect(*pod.SecurityContext.RunAsNonRoot).To(BeTrue())
	g.Expect(*pod.SecurityContext.RunAsUser).To(BeNumerically(">", 0))
	g.Expect(pod.SecurityContext.SeccompProfile.Type).To(Equal(corev1.SeccompProfileTypeRuntimeDefault))
	g.Expect(pod.HostNetwork || pod.HostPID || pod.HostIPC).To(BeFalse())
	g.Expect(pod.Volumes).To(BeEmpty())
	g.Expect(pod.Containers).To(HaveLen(1))
	c := pod.Containers[0].SecurityContext
	g.Expect(*c.ReadOnlyRootFilesystem).To(BeTrue())
	g.Expect(*c.AllowPrivilegeEscalation).To(BeFalse())
	g.Expect(c.Capabilities.Drop).To(ConsistOf(corev1.Capability("ALL")))
	g.Expect(c.Capabilities.Add).To(BeEmpty())
}

func TestTwoReplicasAreKeptApartAndOneIsKeptUp(t *testing.T) {
	g := NewWithT(t)
	objects := kustomize(t, "hub")
	deployment := theOnly[appsv1.Deployment](t, objects, "Deployment")
	g.Expect(*deployment.Spec.Replicas).To(BeEquivalentTo(2))
	terms := deployment.Spec.Template.Spec.Affinity.PodAntiAffinity.PreferredDuringSchedulingIgnoredDuringExecution
	g.Expect(terms).NotTo(BeEmpty())
	g.Expect(terms[0].PodAffinityTerm.TopologyKey).To(Equal("kubernetes.io/hostname"))
	g.Expect(terms[0].PodAffinityTerm.LabelSelector.MatchLabels).To(Equal(deployment.Spec.Selector.MatchLabels))
	budget := theOnly[policyv1.PodDisruptionBudget](t, objects, "PodDisruptionBudget")
	g.Expect(budget.Spec.MaxUnavailable.IntValue()).To(Equal(1))
	g.Expect(budget.Spec.Selector.MatchLabels).To(Equal(deployment.Spec.Selector.MatchLabels))
}
