package kubeconfigs

import (
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
	return nil
}
