package publish

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger/ledgertest"
)

// A change that is rolled out reaches the clusters one after another, so for a moment they want
// different phases.
func TestPublish_MakesNoWarningOfAnOrdinaryRollout(t *testing.T) {
	clusters := []string{"a", "b", "c"} // "a" has the oldest claim
	for name, order := range map[string][]string{
		"the owner first": {"a", "b", "c"}, "the owner last": {"c", "b", "a"}, "the owner between": {"b", "a", "c"},
	} {
		t.Run(name, func(t *testing.T) {
			f := ledgertest.NewFleet(t)
			p := quietPublisher(f.Ledger, f.Clock)
			t.Cleanup(p.conflicts.stop)
			recorder, reasons := events.NewFakeRecorder(100), map[string]string{}
			o := &outlet{events: recorder, client: &statusClient{patch: func(_ context.Context, object client.Object, body []byte) error {
				var sent struct {
					Metadata struct{ UID string }
					Status   v1alpha1.CommitStatusStatus
				}
				f.G.Expect(json.Unmarshal(body, &sent)).To(Succeed())
				reasons[sent.Metadata.UID] = readyReason(sent.Status)
				object.SetResourceVersion("100") // newer than the watch has brought
				return nil
			}}}
			o.outdated = newOutdated(p.Clock, func(string) {})
			o.refusals = newRefusals(func(bool) {}, func(string) {})
			o.outbox = newOutbox(p.Clock, &p.working, nil)
			p.Start(t.Context())
			claim := func(cluster string, phase v1alpha1.Phase) *v1alpha1.CommitStatus {
				cs := ledgertest.CommitStatus(ledgertest.CreatedAt(1000+int64(cluster[0])), ledgertest.Wants(phase))
				cs.UID = types.UID("uid-in-" + cluster)
				return cs
			}
			publish := func() {
				for _, cluster := range clusters {
					p.publish(o, ledgertest.ID(cluster), try{})
				}
			}
			for _, cluster := range clusters {
				f.Hear(cluster, claim(cluster, "in_progress"))
			}
			f.Showed(ledgertest.Key, f.Claimed(), ledgertest.Shows("in_progress"), true)
			publish()
			var told []string
			quiet := func() {
				f.G.Consistently(func() []string {
					for len(recorder.Events) > 0 {
						told = append(told, <-recorder.Events)
					}
					return told
				}, "20ms").ShouldNot(ContainElement(HavePrefix("Warning")))
			}
			for _, cluster := range order {
				f.Clock.Step(300 * time.Millisecond)
				quiet() // what is due is told by another goroutine
				cs := claim(cluster, "success")
				cs.Generation, cs.ResourceVersion = 2, "2"
				f.SetObject(cluster, f.Token[cluster], cs)
				publish()
				if cluster == "a" {
					f.Showed(ledgertest.Key, f.Claimed(), ledgertest.Shows("success"), true)
					publish()
				}
			}
			f.Clock.Step(time.Hour)
			f.G.Expect(reasons).To(Equal(map[string]string{
				"uid-in-a": v1alpha1.ReasonSynced, "uid-in-b": v1alpha1.ReasonSynced, "uid-in-c": v1alpha1.ReasonSynced,
			}))
			quiet()
		})
	}
}
