package publish

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger"
)

// ignoreUnknown lets a member with an older CRD drop fields without a warning: its
// response shows which ones.
const ignoreUnknown = client.FieldValidation(metav1.FieldValidationIgnore)

// applyStatus replaces the status of the very object that the patch was made for, and
// returns the object as the member stored it.
//
// It is one JSON merge patch rather than a server-side apply. An apply leaves every field
// that another field manager owns, also where the hub no longer sets it, and fails as a
// whole on a field that an older CRD lacks.
func applyStatus(ctx context.Context, c client.Client, p ledger.Patch) (*v1alpha1.CommitStatus, error) {
	body, err := statusPatch(p)
	if err != nil {
		return nil, fmt.Errorf("encoding the status: %w", err)
	}
	object := &v1alpha1.CommitStatus{ObjectMeta: metav1.ObjectMeta{Namespace: p.ID.Namespace, Name: p.ID.Name}}
	err = c.Status().Patch(ctx, object, client.RawPatch(types.MergePatchType, body), client.FieldOwner(v1alpha1.FieldOwner), ignoreUnknown)
	return object, err
}

// statusPatch encodes a patch. The resource version makes the API server refuse it with a
// conflict if the object has changed, and if it was re-created: for a custom resource's
// status, the server copies the stored metadata before it would compare the UID.
func statusPatch(p ledger.Patch) ([]byte, error) {
	return json.Marshal(map[string]any{
		"metadata": map[string]any{"uid": p.UID, "resourceVersion": p.Version},
		"status":   explicit(reflect.ValueOf(p.Status)),
	})
}

// explicit returns the fields of a struct by their JSON names, with null for each optional
// field that is not set: a merge patch removes those, whichever field manager set them.
func explicit(s reflect.Value) map[string]any {
	out := make(map[string]any, s.NumField())
	for i := range s.NumField() {
		name, options, _ := strings.Cut(s.Type().Field(i).Tag.Get("json"), ",")
		field := s.Field(i)
		switch {
		case options != "" && field.IsZero():
			out[name] = nil
		case field.Kind() == reflect.Pointer && !marshals(field):
			out[name] = explicit(field.Elem())
		default:
			out[name] = field.Interface()
		}
	}
	return out
}

// marshals reports whether a value has an encoding of its own, as metav1.Time has.
func marshals(v reflect.Value) bool {
	_, ok := v.Interface().(json.Marshaler)
	return ok
}
