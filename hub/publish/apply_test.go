package publish

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger"
)

// sentStatus is the status in the body of a patch.
func sentStatus(g *WithT, status v1alpha1.CommitStatusStatus) map[string]any {
	body, err := statusPatch(ledger.Patch{UID: "uid", Version: "41", Status: status})
	g.Expect(err).NotTo(HaveOccurred())
	var sent struct {
		Metadata map[string]any
		Status   map[string]any
	}
	g.Expect(json.Unmarshal(body, &sent)).To(Succeed())
	g.Expect(sent.Metadata).To(Equal(map[string]any{"uid": "uid", "resourceVersion": "41"}))
	return sent.Status
}

func TestStatusPatch_RemovesEachFieldThatIsNotSet(t *testing.T) {
	g := NewWithT(t)
	sent := sentStatus(g, v1alpha1.CommitStatusStatus{})
	for i := range reflect.TypeFor[v1alpha1.CommitStatusStatus]().NumField() {
		var name string
		field := reflect.TypeFor[v1alpha1.CommitStatusStatus]().Field(i)
		g.Expect(json.Unmarshal([]byte(`"`+firstOf(field.Tag.Get("json"))+`"`), &name)).To(Succeed())
		value, named := sent[name]
		g.Expect(named).To(BeTrue(), name)
		if name == "isSynced" {
			g.Expect(value).To(BeFalse())
			continue
		}
		g.Expect(value).To(BeNil(), name)
	}
}

func firstOf(tag string) string {
	for i, r := range tag {
		if r == ',' {
			return tag[:i]
		}
	}
	return tag
}

func TestStatusPatch_ReplacesNestedHandles(t *testing.T) {
	g := NewWithT(t)
	at := metav1.NewTime(time.Unix(1000, 0).UTC())
	sent := sentStatus(g, v1alpha1.CommitStatusStatus{
		UpdatedAt: &at, IsSynced: true, Phase: "success",
		Provider:   &v1alpha1.ProviderHandle{GitLab: &v1alpha1.GitLabHandle{StatusID: 7}},
		Conditions: []metav1.Condition{{Type: "Ready", Status: "True", LastTransitionTime: at}},
	})
	g.Expect(sent).To(And(
		HaveKeyWithValue("updatedAt", "1970-01-01T00:16:40Z"), HaveKeyWithValue("isSynced", true),
		HaveKeyWithValue("phase", "success"), HaveKeyWithValue("owner", BeNil()), HaveKeyWithValue("syncFailure", BeNil()),
	))
	g.Expect(sent["provider"]).To(And(
		HaveKeyWithValue("github", BeNil()), HaveKeyWithValue("gitea", BeNil()),
		HaveKeyWithValue("gitlab", Equal(map[string]any{"statusId": 7.0, "pipelineId": nil})),
	))
	g.Expect(sent["conditions"]).To(HaveLen(1))
}
