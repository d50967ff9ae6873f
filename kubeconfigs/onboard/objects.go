package onboard

import (
	"strings"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/argoproj-labs/commit-status-hub/deploy"
	"github.com/argoproj-labs/commit-status-hub/kubeconfigs"
)

// managedBy is on all that Add makes in a member, and Remove removes nothing else.
const managedBy = "app.kubernetes.io/managed-by"

func labels() map[string]string {
	return map[string]string{
		"app.kubernetes.io/name": Account, "app.kubernetes.io/part-of": Account, managedBy: Account,
	}
}

// namespaceObject is the account's namespace, for a member that does not have it.
func (p Plan) namespaceObject() *unstructured.Unstructured {
	object := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: p.Namespace, Labels: labels()}}
	object.Labels["pod-security.kubernetes.io/enforce"] = "restricted"
	return asApplied(object, corev1.SchemeGroupVersion.WithKind("Namespace"))
}

// crds are the CRDs of a member.
func crds() []*unstructured.Unstructured {
	return []*unstructured.Unstructured{parsed(deploy.CommitStatusCRD), parsed(deploy.GitRepoCRD)}
}

// account is the ServiceAccount that the hub acts as.
func (p Plan) account() *unstructured.Unstructured {
	object := &corev1.ServiceAccount{ObjectMeta: p.meta(p.Namespace, Account)}
	return asApplied(object, corev1.SchemeGroupVersion.WithKind("ServiceAccount"))
}

// rbac are the roles and bindings of the account.
func (p Plan) rbac() []*unstructured.Unstructured {
	var objects []*unstructured.Unstructured
	for _, namespace := range p.namespaces() {
		objects = append(objects, p.grant(namespace, role(p.Namespace), Rights())...)
	}
	if len(p.Namespaces) == 0 {
		objects = append(objects, p.grant("", role(p.Namespace), Rights())...)
	}
	if !p.StaticToken {
		objects = append(objects, p.grant(p.Namespace, tokenName, tokenRights())...)
	}
	return objects
}

// grant gives rights to the account in a namespace, or without one in all.
func (p Plan) grant(namespace, name string, rules []rbacv1.PolicyRule) []*unstructured.Unstructured {
	meta := p.meta(namespace, name)
	subjects := []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Name: Account, Namespace: p.Namespace}}
	kind := func(kind string) rbacv1.RoleRef {
		return rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: kind, Name: name}
	}
	if namespace == "" {
		return []*unstructured.Unstructured{
			asApplied(&rbacv1.ClusterRole{ObjectMeta: meta, Rules: rules}, rbacv1.SchemeGroupVersion.WithKind("ClusterRole")),
			asApplied(&rbacv1.ClusterRoleBinding{ObjectMeta: meta, RoleRef: kind("ClusterRole"), Subjects: subjects},
				rbacv1.SchemeGroupVersion.WithKind("ClusterRoleBinding")),
		}
	}
	return []*unstructured.Unstructured{
		asApplied(&rbacv1.Role{ObjectMeta: meta, Rules: rules}, rbacv1.SchemeGroupVersion.WithKind("Role")),
		asApplied(&rbacv1.RoleBinding{ObjectMeta: meta, RoleRef: kind("Role"), Subjects: subjects},
			rbacv1.SchemeGroupVersion.WithKind("RoleBinding")),
	}
}

// tokenSecret is a Secret that a controller of the member fills with a token which
// does not end.
func (p Plan) tokenSecret() *unstructured.Unstructured {
	object := &corev1.Secret{ObjectMeta: p.meta(p.Namespace, tokenName), Type: corev1.SecretTypeServiceAccountToken}
	object.Annotations = map[string]string{corev1.ServiceAccountNameKey: Account}
	return asApplied(object, corev1.SchemeGroupVersion.WithKind("Secret"))
}

// secret is the member's Secret on the hub. Where it was limited to namespaces and
// is no more, the annotation is emptied: it may be somebody else's to remove.
func (p Plan) secret(kubeconfig []byte, limited bool) *unstructured.Unstructured {
	object := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: p.Namespace, Name: p.Name, Labels: map[string]string{kubeconfigs.MemberLabel: "true"},
		},
		Data: map[string][]byte{kubeconfigs.KubeconfigKey: kubeconfig},
	}
	if len(p.Namespaces) > 0 || limited {
		object.Annotations = map[string]string{kubeconfigs.NamespacesAnnotation: strings.Join(p.namespaces(), ",")}
	}
	return asApplied(object, corev1.SchemeGroupVersion.WithKind("Secret"))
}

func (p Plan) meta(namespace, name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Namespace: namespace, Name: name, Labels: labels()}
}

// asApplied is an object as it is sent to be applied: without what only the server sets.
func asApplied(object client.Object, kind schema.GroupVersionKind) *unstructured.Unstructured {
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(object)
	if err != nil {
		panic(err) // a type that JSON does not know: a mistake in the code itself
	}
	delete(content, "status")
	delete(content, "spec") // a Namespace's, which is the only one, is empty
	content["apiVersion"], content["kind"] = kind.ToAPIVersionAndKind()
	return &unstructured.Unstructured{Object: content}
}

func parsed(manifest []byte) *unstructured.Unstructured {
	object := &unstructured.Unstructured{}
	if err := yaml.Unmarshal(manifest, &object.Object); err != nil {
		panic(err) // the file is a part of this program
	}
	return object
}
