package kubeconfigs

import (
	"bytes"
	"errors"
	"io"

	"go.yaml.in/yaml/v2"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer/json"
	clientcmdlatest "k8s.io/client-go/tools/clientcmd/api/latest"
	clientcmdv1 "k8s.io/client-go/tools/clientcmd/api/v1"
)

// strictly reads a kubeconfig without passing over anything.
var strictly = json.NewSerializerWithOptions(json.DefaultMetaFactory, clientcmdlatest.Scheme, clientcmdlatest.Scheme,
	json.SerializerOptions{Yaml: true, Strict: true})

// vetFields refuses a kubeconfig with a field that Kubernetes does not know, spells in
// another case, or that is there twice: kubectl passes over it, so what it was meant for,
// such as a CA, would be missing without a word.
func vetFields(kubeconfig []byte) error {
	kind := clientcmdv1.SchemeGroupVersion.WithKind("Config")
	if _, _, err := strictly.Decode(kubeconfig, &kind, &clientcmdv1.Config{}); runtime.IsStrictDecodingError(err) {
		return refuse(FieldForbidden, "it has a field that is unknown, spelled in another case, or there twice")
	}
	if !isOneDocument(kubeconfig) {
		return refuse(FieldForbidden, "it has more than one YAML document")
	}
	return nil
}

// isOneDocument reports whether nothing follows the first YAML document, which is the only one
// that Kubernetes reads. Separators and comments may follow.
func isOneDocument(text []byte) bool {
	documents := yaml.NewDecoder(bytes.NewReader(text))
	var first, next any
	if err := documents.Decode(&first); err != nil {
		return false
	}
	for next == nil {
		switch err := documents.Decode(&next); {
		case errors.Is(err, io.EOF):
			return true
		case err != nil:
			return false
		}
	}
	return false
}
