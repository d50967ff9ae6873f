package deploy_test

import (
	"bytes"
	"errors"
	"io"
	"os/exec"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/argoproj-labs/commit-status-hub/test/clusters"
)

const (
	namespace = "commit-status-system"
	group     = "commit-status.argoproj.io"
)

// access is one thing that the hub's account may or may not do. A resource may be
// kind/subresource/name.
type access struct{ verb, group, resource, namespace string }

func (a access) String() string {
	return strings.TrimSpace(a.verb + " " + a.resource + "." + a.group + " in " + a.namespace)
}

func TestHubMayDoWhatItMustAndNothingElse(t *testing.T) {
	api := install(t, "hub")
	expectAccess(t, api, true,
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
	expectAccess(t, api, false,
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
	api := install(t, "member")
	expectAccess(t, api, true,
		access{"get", group, "commitstatuses", ""},
		access{"list", group, "commitstatuses", ""},
		access{"watch", group, "commitstatuses", ""},
		access{"watch", group, "gitrepos", ""},
		access{"patch", group, "commitstatuses/status", "team-a"},
		access{"create", "", "events", "team-a"},
		access{"patch", "events.k8s.io", "events", "team-a"},
		access{"create", "", "serviceaccounts/token/commit-status-hub", namespace},
	)
	expectAccess(t, api, false,
		access{"get", "", "secrets", namespace},
		access{"list", "", "secrets", ""},
		access{"create", "", "serviceaccounts/token/default", namespace},
		access{"create", "", "serviceaccounts/token/commit-status-hub", "team-a"},
		access{"patch", group, "commitstatuses", "team-a"},
		access{"create", group, "commitstatuses", "team-a"},
		access{"delete", group, "commitstatuses", "team-a"},
		access{"patch", group, "gitrepos", "team-a"},
		access{"get", "coordination.k8s.io", "leases", namespace},
		access{"create", "", "pods", namespace},
	)
}

func TestMemberHasNoScmProviders(t *testing.T) {
	g := NewWithT(t)
	var kinds []string
	for _, object := range build(t, "member") {
		if object.GetKind() == "CustomResourceDefinition" {
			kinds = append(kinds, object.GetName())
		}
	}
	g.Expect(kinds).To(ConsistOf("commitstatuses."+group, "gitrepos."+group))
}

// install applies a kustomize base to a new cluster, whose pods must keep to the restricted standard.
func install(t *testing.T, base string) client.Client {
	t.Helper()
	g := NewWithT(t)
	cluster, err := clusters.Start(t.Context(), clusters.WithoutCRDs())
	g.Expect(err).NotTo(HaveOccurred())
	t.Cleanup(func() { g.Expect(cluster.Stop()).To(Succeed()) })

	for _, object := range build(t, base) {
		g.Expect(cluster.Client.Create(t.Context(), object)).To(Succeed(), object.GetKind())
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

func expectAccess(t *testing.T, api client.Client, allowed bool, wanted ...access) {
	t.Helper()
	for _, a := range wanted {
		resource, rest, _ := strings.Cut(a.resource, "/")
		subresource, name, _ := strings.Cut(rest, "/")
		// The authorizer hears of new roles a moment later than their author.
		NewWithT(t).Eventually(func() (bool, error) {
			review := &authorizationv1.SubjectAccessReview{Spec: authorizationv1.SubjectAccessReviewSpec{
				User:   "system:serviceaccount:" + namespace + ":commit-status-hub",
				Groups: []string{"system:serviceaccounts", "system:serviceaccounts:" + namespace, "system:authenticated"},
				ResourceAttributes: &authorizationv1.ResourceAttributes{
					Verb: a.verb, Group: a.group, Resource: resource, Subresource: subresource, Namespace: a.namespace, Name: name,
				},
			}}
			err := api.Create(t.Context(), review)
			return review.Status.Allowed, err
		}).Should(Equal(allowed), a.String())
	}
}

// build returns what kustomize makes of a base.
func build(t *testing.T, base string) []*unstructured.Unstructured {
	t.Helper()
	g := NewWithT(t)
	tool, err := output(exec.CommandContext(t.Context(), "go", "-C", "../test/tools", "tool", "-n", "sigs.k8s.io/kustomize/kustomize/v5"))
	g.Expect(err).NotTo(HaveOccurred())
	manifests, err := output(exec.CommandContext(t.Context(), strings.TrimSpace(tool), "build", base))
	g.Expect(err).NotTo(HaveOccurred())

	var objects []*unstructured.Unstructured
	for decoder := yaml.NewYAMLOrJSONDecoder(strings.NewReader(manifests), 4096); ; {
		object := &unstructured.Unstructured{}
		err := decoder.Decode(&object.Object)
		if errors.Is(err, io.EOF) {
			return objects
		}
		g.Expect(err).NotTo(HaveOccurred())
		objects = append(objects, object)
	}
}

// output runs a command; what it says on stderr is the error's text.
func output(command *exec.Cmd) (string, error) {
	stderr := &bytes.Buffer{}
	command.Stderr = stderr
	out, err := command.Output()
	if err != nil {
		return "", errors.Join(err, errors.New(stderr.String()))
	}
	return string(out), nil
}
