package v1alpha1_test

import (
	"encoding/json"
	"fmt"
	"testing"

	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/types"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
)

// oddities are values of JSON that a CRD and Go may not both take for a time or a number.
var oddities = []string{
	`"2026-11-23T10:00:00Z"`, `"2026-11-23T10:00:00.5Z"`, `"2026-11-23T10:00:00.123456789+05:30"`, `"0000-01-01T00:00:00Z"`,
	`"2026-11-23t10:00:00z"`, `"2026-11-23T10:00:00z"`, `"2026-11-23t10:00:00Z"`, `"2026-11-23 10:00:00Z"`, `"2026-11-23T10:00:00"`,
	`"2026-11-23T10:00Z"`, `"2026-11-23"`, `"2026-11-23T10:00:00,5Z"`, `"2026-11-23T10:00:00.Z"`, `"2026-11-23T10:00:60Z"`, `"2026-11-23T24:00:00Z"`,
	`"2026-02-30T10:00:00Z"`, `"2026-11-23T1:00:00Z"`, `"2026-11-23T10:00:00+0100"`, `"2026-11-23T10:00:00+24:00"`, `"2026-11-23T10:00:00+99:99"`,
	`"2026-11-23T10:00:00Zz"`, `"2026-11-23T10:00:00Z\n"`, `" 2026-11-23T10:00:00Z"`, `"12026-11-23T10:00:00Z"`, `"2026-11-23T10:00:00.1234567890123Z"`,
	`""`, `null`, `0`, `1.0`, `1.5`, `-1`, `1e3`, `9223372036854775807`, `9223372036854775808`, `1e19`, `1e400`, `{}`, `[]`, `true`,
}

func TestWhatTheAPIServerTakesIsReadByGo(t *testing.T) {
	status := create(t, commitStatus("odd"))
	provider := create(t, &v1alpha1.ScmProvider{
		ObjectMeta: commitStatus("odd").ObjectMeta,
		Spec:       v1alpha1.ScmProviderSpec{GitHub: &v1alpha1.GitHubSpec{}, SecretRef: v1alpha1.ObjectReference{Name: "a"}},
	})
	condition := `{"type":"Ready","status":"True","reason":"Synced","message":"","lastTransitionTime":%s}`
	installation := `{"installations":[{"id":"a","%s":%%s}]}`
	for _, tc := range []struct {
		object client.Object
		status string
	}{
		{status, `{"updatedAt":%s}`},
		{status, `{"observedGeneration":%s}`},
		{status, `{"conditions":[` + condition + `]}`},
		{status, `{"provider":{"github":{"checkRunId":%s}}}`},
		{status, `{"provider":{"gitlab":{"pipelineId":%s}}}`},
		{provider, `{"conditions":[` + condition + `]}`},
		{provider, fmt.Sprintf(installation, "resetAt")},
		{provider, fmt.Sprintf(installation, "pausedUntil")},
		{provider, fmt.Sprintf(installation, "observedAt")},
		{provider, fmt.Sprintf(installation, "queued")},
	} {
		taken := 0
		for _, odd := range oddities {
			g := NewWithT(t)
			body := fmt.Sprintf(`{"status":`+tc.status+`}`, odd)
			if !json.Valid([]byte(body)) {
				continue
			}
			object, ok := tc.object.DeepCopyObject().(client.Object)
			g.Expect(ok).To(BeTrue())
			raw, err := patchRaw(t, object, body)
			if err != nil {
				continue // refused
			}
			taken++
			g.Expect(utiljson.Unmarshal(raw, object)).To(Succeed(), "the API server took %s", body)
		}
		NewWithT(t).Expect(taken).To(BeNumerically(">", 1), "%s: some are right", tc.status)
	}
}

// patchRaw patches an object's status, and returns what the API server has then.
func patchRaw(t *testing.T, object client.Object, body string) ([]byte, error) {
	t.Helper()
	resource := map[bool]string{true: "commitstatuses", false: "scmproviders"}[isStatus(object)]
	return restClient(t).Patch(types.MergePatchType).Namespace(object.GetNamespace()).Resource(resource).Name(object.GetName()).
		SubResource("status").Body([]byte(body)).Do(t.Context()).Raw()
}

func isStatus(object client.Object) bool { _, ok := object.(*v1alpha1.CommitStatus); return ok }
