package onboard

import (
	"fmt"
	"io"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/argoproj-labs/commit-status-hub/kubeconfigs"
)

// placeholder stands for the token of which a preview knows nothing.
const placeholder = "TOKEN"

// Preview writes as YAML what Add would make on both sides. It asks no cluster.
func (p Plan) Preview(out io.Writer) error {
	if err := p.Validate(); err != nil {
		return err
	}
	kubeconfig, err := p.kubeconfig(placeholder)
	if err != nil {
		return err
	}
	var member []*unstructured.Unstructured
	if p.CRDs {
		member = append(member, crds()...)
	}
	member = append(append(member, p.namespaceObject(), p.account()), p.rbac()...)
	if p.StaticToken {
		member = append(member, p.tokenSecret())
	}
	fmt.Fprintf(out, "# In the member %s:\n", p.Name)
	if err := writeObjects(out, member...); err != nil {
		return err
	}
	fmt.Fprintf(out, "# On the hub; in place of %s comes a token of ServiceAccount %s/%s:\n", placeholder, p.Namespace, Account)
	hub := p.secret(nil, false)
	// As text, for people to read.
	delete(hub.Object, "data")
	hub.Object["stringData"] = map[string]any{kubeconfigs.KubeconfigKey: string(kubeconfig)}
	return writeObjects(out, hub)
}

func writeObjects(out io.Writer, objects ...*unstructured.Unstructured) error {
	for _, object := range objects {
		fmt.Fprintln(out, "---")
		if err := writeYAML(out, object.Object); err != nil {
			return fmt.Errorf("writing %s: %w", nameOf(object), err)
		}
	}
	return nil
}
