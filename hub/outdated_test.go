package hub

import (
	"testing"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
)

func TestAMemberThatLosesAFieldIsToldOfUntilItKeepsThatField(t *testing.T) {
	g := NewWithT(t)
	var told []string
	o := newOutdated(func(cluster, field string) { told = append(told, cluster+" "+field) })
	sent := statusWith("queued", 4711)
	kept := *sent.DeepCopy()
	kept.Conditions = append(kept.Conditions, metav1.Condition{Type: "Theirs"})
	o.applied("eu", sent, kept)
	g.Expect(told).To(BeEmpty(), "what others have added is no loss")

	kept.Provider = &v1alpha1.ProviderHandle{}
	for range 2 {
		o.applied("eu", sent, kept)
	}
	g.Expect(told).To(Equal([]string{"eu status.provider.github"}), "once")
	without := *sent.DeepCopy()
	without.Provider = nil
	o.applied("eu", without, without)
	g.Expect(told).To(HaveLen(1), "that one had nothing to lose")
	o.applied("us", sent, sent)
	g.Expect(told).To(HaveLen(1))

	o.applied("eu", sent, sent)
	g.Expect(told).To(Equal([]string{"eu status.provider.github", "eu "}))

	o.applied("eu", sent, kept)
	o.forget("eu")
	o.applied("eu", sent, kept)
	g.Expect(told).To(HaveLen(4), "it was engaged anew")
}
