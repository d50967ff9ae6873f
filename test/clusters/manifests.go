package clusters

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// shipped is the namespace in the manifests.
const shipped = "commit-status-system"

// manifests reads the objects of a file of the project.
func manifests(path ...string) (objects []client.Object, err error) {
	name, err := modulePath(path...)
	if err != nil {
		return nil, err
	}
	content, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("reading manifests: %w", err)
	}
	decoder := serializer.NewCodecFactory(Scheme()).UniversalDeserializer()
	documents := yaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(content)))
	for {
		document, err := documents.Read()
		switch {
		case errors.Is(err, io.EOF):
			return objects, nil
		case err != nil:
			return nil, fmt.Errorf("reading %s: %w", name, err)
		case len(bytes.TrimSpace(document)) == 0:
			continue
		}
		object, _, err := decoder.Decode(document, nil, nil)
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", name, err)
		}
		objects = append(objects, object.(client.Object))
	}
}

// settle puts an object into an installation's namespace, as kustomize would, and
// returns the rules that it has. What binds a ClusterRole there gets a name of its own.
func settle(object client.Object, namespace string) []rbacv1.PolicyRule {
	if object.GetNamespace() == shipped {
		object.SetNamespace(namespace)
	}
	settleSubjects := func(subjects []rbacv1.Subject) {
		for i := range subjects {
			subjects[i].Namespace = namespace
		}
	}
	switch o := object.(type) {
	case *rbacv1.Role:
		return o.Rules
	case *rbacv1.ClusterRole:
		return o.Rules
	case *rbacv1.RoleBinding:
		settleSubjects(o.Subjects)
	case *rbacv1.ClusterRoleBinding:
		o.Name += "-" + namespace
		settleSubjects(o.Subjects)
	}
	return nil
}
