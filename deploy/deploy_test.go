package deploy_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/argoproj-labs/commit-status-hub/test/clusters"
)

const group = "commit-status.argoproj.io"

// account is a ServiceAccount.
type account struct{ namespace, name string }

// shipped is the account in the manifests.
var shipped = account{namespace: "commit-status-system", name: "commit-status-hub"}

func (a account) String() string { return "system:serviceaccount:" + a.namespace + ":" + a.name }

// access is one thing that the hub's account may or may not do. A resource may be
// kind/subresource/name.
type access struct{ verb, group, resource, namespace string }

func (a access) String() string {
	return strings.TrimSpace(a.verb + " " + a.resource + "." + a.group + " in " + a.namespace)
}

func TestHubMayDoWhatItMustAndNothingElse(t *testing.T) {
	api := install(t, append(kustomize(t, "crds"), kustomize(t, "hub")...))
	expectHubAccess(t, api, shipped)
	expectReader(t, api, "/metrics", "commit-status-hub-metrics-reader")
	expectReader(t, api, "/fleet", "commit-status-hub-fleet-reader")
}

func TestChartLetsTheHubDoTheSameInAnyNamespace(t *testing.T) {
	blue := account{namespace: "delivery", name: "blue-commit-status-hub"}
	objects := helm(t, "blue", blue.namespace)
	for _, object := range objects {
		NewWithT(t).Expect(fmt.Sprint(object.Object)).NotTo(ContainSubstring(shipped.namespace))
	}
	namespace := &unstructured.Unstructured{}
	namespace.SetAPIVersion("v1")
	namespace.SetKind("Namespace")
	namespace.SetName(blue.namespace)
	namespace.SetLabels(map[string]string{"pod-security.kubernetes.io/enforce": "restricted"})
	expectHubAccess(t, install(t, append([]*unstructured.Unstructured{namespace}, objects...)), blue)
}

// expectHubAccess says what the account of a hub may and may not do in its own cluster.
func expectHubAccess(t *testing.T, api client.Client, hub account) {
	t.Helper()
	namespace := hub.namespace
	expectAccess(t, api, hub, true,
		access{"list", "", "secrets", namespace},
		access{"patch", "", "secrets", namespace},
		access{"watch", group, "scmproviders", namespace},
		access{"patch", group, "scmproviders/status", namespace},
		access{"create", "coordination.k8s.io", "leases", namespace},
		access{"update", "coordination.k8s.io", "leases", namespace},
		access{"watch", group, "commitstatuses", ""},
		access{"watch", group, "gitrepos", ""},
		access{"patch", group, "commitstatuses/status", "team-a"},
		access{"create", "events.k8s.io", "events", "team-a"},
		access{"create", "authentication.k8s.io", "tokenreviews", ""},
		access{"create", "authorization.k8s.io", "subjectaccessreviews", ""},
	)
	expectAccess(t, api, hub, false,
		access{"get", "", "secrets", "team-a"},
		access{"list", "", "secrets", ""},
		access{"update", "", "secrets", namespace},
		access{"update", group, "scmproviders", namespace},
		access{"list", group, "scmproviders", "team-a"},
		access{"update", "coordination.k8s.io", "leases", "kube-system"},
		access{"update", group, "commitstatuses", "team-a"},
		access{"patch", group, "commitstatuses", "team-a"},
		access{"delete", group, "commitstatuses", "team-a"},
		access{"patch", group, "gitrepos", "team-a"},
		access{"create", "", "pods", namespace},
	)
}

func TestMemberLetsTheHubReadAndWriteStatusesOnly(t *testing.T) {
	api := install(t, append(kustomize(t, "member-crds"), kustomize(t, "member")...))
	expectAccess(t, api, shipped, true,
		access{"get", group, "commitstatuses", ""},
		access{"list", group, "commitstatuses", ""},
		access{"watch", group, "commitstatuses", ""},
		access{"watch", group, "gitrepos", ""},
		access{"patch", group, "commitstatuses/status", "team-a"},
		access{"create", "", "events", "team-a"},
		access{"patch", "events.k8s.io", "events", "team-a"},
		access{"create", "", "serviceaccounts/token/commit-status-hub", shipped.namespace},
	)
	expectAccess(t, api, shipped, false,
		access{"get", "", "secrets", shipped.namespace},
		access{"list", "", "secrets", ""},
		access{"create", "", "serviceaccounts/token/default", shipped.namespace},
		access{"create", "", "serviceaccounts/token/commit-status-hub", "team-a"},
		access{"patch", group, "commitstatuses", "team-a"},
		access{"create", group, "commitstatuses", "team-a"},
		access{"delete", group, "commitstatuses", "team-a"},
		access{"patch", group, "gitrepos", "team-a"},
		access{"get", "coordination.k8s.io", "leases", shipped.namespace},
		access{"create", "", "pods", shipped.namespace},
	)
}

func TestMemberHasNoScmProviders(t *testing.T) {
	g := NewWithT(t)
	var kinds []string
	for _, object := range kustomize(t, "member-crds") {
		if object.GetKind() == "CustomResourceDefinition" {
			kinds = append(kinds, object.GetName())
		}
	}
	g.Expect(kinds).To(ConsistOf("commitstatuses."+group, "gitrepos."+group))
}

func TestBases_LeaveTheCRDsWhenTheyAreDeleted(t *testing.T) {
	for _, base := range []string{"hub", "member"} {
		for _, object := range kustomize(t, base) {
			NewWithT(t).Expect(object.GetKind()).NotTo(Equal("CustomResourceDefinition"), base)
		}
		content, err := os.ReadFile("install/" + base + ".yaml")
		NewWithT(t).Expect(err).NotTo(HaveOccurred())
		NewWithT(t).Expect(string(content)).NotTo(ContainSubstring("CustomResourceDefinition"), base)
	}
}

// install makes objects in a new cluster that has none of our CRDs and refuses unknown
// fields. Pods must keep to the restricted standard.
func install(t *testing.T, objects []*unstructured.Unstructured) client.Client {
	t.Helper()
	if testing.Short() {
		t.Skip("needs a control plane")
	}
	g := NewWithT(t)
	cluster, err := clusters.Start(t.Context(), clusters.WithoutCRDs())
	g.Expect(err).NotTo(HaveOccurred())
	t.Cleanup(func() { g.Expect(cluster.Stop()).To(Succeed()) })

	api := client.WithFieldValidation(cluster.Client, metav1.FieldValidationStrict)
	for _, object := range objects {
		g.Expect(api.Create(t.Context(), object)).To(Succeed(), object.GetKind())
		if object.GetKind() == "Deployment" {
			expectPodAdmitted(t, cluster.Client, object)
		}
	}
	crds := &apiextensionsv1.CustomResourceDefinitionList{}
	g.Expect(cluster.Client.List(t.Context(), crds)).To(Succeed())
	g.Expect(crds.Items).NotTo(BeEmpty())
	return cluster.Client
}

// expectPodAdmitted makes a Pod of the Deployment, as its controller would.
func expectPodAdmitted(t *testing.T, api client.Client, object client.Object) {
	t.Helper()
	g := NewWithT(t)
	deployment := &appsv1.Deployment{}
	g.Expect(api.Get(t.Context(), client.ObjectKeyFromObject(object), deployment)).To(Succeed())
	pod := &corev1.Pod{ObjectMeta: deployment.Spec.Template.ObjectMeta, Spec: deployment.Spec.Template.Spec}
	pod.Name, pod.Namespace = "hub", deployment.Namespace
	g.Expect(api.Create(t.Context(), pod, client.DryRunAll)).To(Succeed())
}

// expectReader sees an account read a path once it has the role for that.
func expectReader(t *testing.T, api client.Client, path, role string) {
	t.Helper()
	g := NewWithT(t)
	reader := account{namespace: "monitoring", name: "reader"}
	may := func() (bool, error) {
		review := &authorizationv1.SubjectAccessReview{Spec: authorizationv1.SubjectAccessReviewSpec{
			User:                  reader.String(),
			NonResourceAttributes: &authorizationv1.NonResourceAttributes{Path: path, Verb: "get"},
		}}
		err := api.Create(t.Context(), review)
		return review.Status.Allowed, err
	}
	g.Expect(may()).To(BeFalse())
	g.Expect(api.Create(t.Context(), &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: role},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: role},
		Subjects:   []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Namespace: reader.namespace, Name: reader.name}},
	})).To(Succeed())
	g.Eventually(may).Should(BeTrue())
}

func expectAccess(t *testing.T, api client.Client, of account, allowed bool, wanted ...access) {
	t.Helper()
	for _, a := range wanted {
		resource, rest, _ := strings.Cut(a.resource, "/")
		subresource, name, _ := strings.Cut(rest, "/")
		// The authorizer hears of new roles a moment later than their author.
		NewWithT(t).Eventually(func() (bool, error) {
			review := &authorizationv1.SubjectAccessReview{Spec: authorizationv1.SubjectAccessReviewSpec{
				User:   of.String(),
				Groups: []string{"system:serviceaccounts", "system:serviceaccounts:" + of.namespace, "system:authenticated"},
				ResourceAttributes: &authorizationv1.ResourceAttributes{
					Verb: a.verb, Group: a.group, Resource: resource, Subresource: subresource, Namespace: a.namespace, Name: name,
				},
			}}
			err := api.Create(t.Context(), review)
			return review.Status.Allowed, err
		}).Should(Equal(allowed), a.String())
	}
}
