package main

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
)

//go:embed manifests/*.yaml
var manifests embed.FS

const (
	// poll is how often a condition is asked for, and patience how long.
	poll     = 50 * time.Millisecond
	patience = 45 * time.Second
)

// manifest returns an embedded file, with the addresses of the fakes filled in.
func (w *world) manifest(name string) string {
	text, err := manifests.ReadFile("manifests/" + name)
	if err != nil {
		panic(err) // a name that is misspelled in this program
	}
	return strings.NewReplacer("${GITHUB}", w.github.URL(), "${GITLAB}", w.gitlab.URL()).Replace(string(text))
}

// apply does what `kubectl apply --server-side -n NAMESPACE -f -` does.
func (m *member) apply(ctx context.Context, namespace, text string) error {
	decoder := yaml.NewYAMLOrJSONDecoder(strings.NewReader(text), 4096)
	for {
		object := &unstructured.Unstructured{}
		err := decoder.Decode(object)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("reading a manifest: %w", err)
		}
		if len(object.Object) == 0 {
			continue
		}
		if namespace != "" {
			object.SetNamespace(namespace)
		}
		if err := m.Client.Apply(ctx, client.ApplyConfigurationFromUnstructured(object), client.FieldOwner("kubectl")); err != nil {
			return err
		}
	}
}

// refusalOf is what kubectl prints of a refusal by the API server's validation;
// it fails where err is anything else.
func refusalOf(err error) (string, error) {
	var status apierrors.APIStatus
	switch {
	case err == nil:
		return "", errors.New("the API server took an object that is not valid")
	case !apierrors.IsInvalid(err) || !errors.As(err, &status):
		return "", err
	}
	details := status.Status().Details
	text := fmt.Sprintf("The %s %q is invalid:", details.Kind, details.Name)
	for _, cause := range details.Causes {
		if cause.Field != "<nil>" { // rules that had no say because of the others
			text += fmt.Sprintf("\n* %s: %s", cause.Field, cause.Message)
		}
	}
	return text, nil
}

// secret makes a Secret with one key.
func (m *member) secret(ctx context.Context, name, key string, value []byte) error {
	return m.Client.Create(ctx, &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Data:       map[string][]byte{key: value},
	})
}

// patch merges a patch into the team's CommitStatus.
func (m *member) patch(ctx context.Context, name, patch string) error {
	object := &v1alpha1.CommitStatus{ObjectMeta: metav1.ObjectMeta{Namespace: team, Name: name}}
	return m.Client.Patch(ctx, object, client.RawPatch(types.MergePatchType, []byte(patch)))
}

func (m *member) get(ctx context.Context, namespace, name string) (*v1alpha1.CommitStatus, error) {
	object := &v1alpha1.CommitStatus{}
	return object, m.Client.Get(ctx, client.ObjectKey{Namespace: namespace, Name: name}, object)
}

// until polls a condition, which also says how things stand, and fails with that
// when it is out of patience or the hub has ended.
func (w *world) until(ctx context.Context, what string, condition func(context.Context) (ok bool, now string, err error)) error {
	var now string
	err := wait.PollUntilContextTimeout(ctx, poll, patience, true, func(ctx context.Context) (ok bool, err error) {
		if w.hub != nil {
			if err := w.hub.alive(); err != nil {
				return false, err
			}
		}
		ok, now, err = condition(ctx)
		return ok, err
	})
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case wait.Interrupted(err):
		return fmt.Errorf("waited %s in vain until %s; now: %s; the hub's log is in %s", patience, what, now, w.dir)
	}
	return fmt.Errorf("waiting until %s: %w", what, err)
}
