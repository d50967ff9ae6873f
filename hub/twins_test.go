package hub

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/types"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
)

func TestOneClusterUnderTwoNamesCountsOnce(t *testing.T) {
	f := newFleet(t)
	f.hear("eu", testStatus())
	f.token[twinOfEU] = f.Engage(twinOfEU, time.Time{})
	changes := f.SetObject(twinOfEU, f.token[twinOfEU], testStatus())
	f.g.Expect(changes.Twins).To(Equal(map[string]string{twinOfEU: "eu"}), "it is told")
	f.Heard(twinOfEU, f.token[twinOfEU])
	f.g.Expect(f.entryOf(testKey).claims).To(HaveLen(1))
	f.g.Expect(f.job().Verdict.Owner.Object.Cluster).To(Equal("eu"))
	_, ok := f.Patch(idIn(twinOfEU))
	f.g.Expect(ok).To(BeFalse(), "two owners would patch in turns for ever")
	f.g.Expect(f.Begin(Predecessor{}).Twins).To(HaveLen(1), "the next leader tells it too")
}

func TestTheNameThatWasEngagedFirstKeepsACluster(t *testing.T) {
	f := newFleet(t)
	f.hear("eu", testStatus())
	f.hear(twinOfEU, testStatus())
	f.hear("eu", testStatus())
	f.SetObject(twinOfEU, f.token[twinOfEU], testStatus(wants("success")))
	f.g.Expect(f.job().Verdict.Owner.Object.Cluster).To(Equal("eu"), "although its kubeconfig was rotated")
	f.g.Expect(f.entryOf(testKey).claims).To(HaveLen(1))
}

func TestTheOtherNameIsServedWhenTheFirstIsGone(t *testing.T) {
	f := newFleet(t)
	f.hear("eu", testStatus())
	f.hear(twinOfEU, testStatus())
	f.g.Expect(f.Disengage("eu", f.token["eu"]).Keys).To(ContainElement(testKey))
	f.g.Expect(f.job().Verdict.Owner.Object.Cluster).To(Equal(twinOfEU))
	f.show()
	f.g.Expect(f.published(twinOfEU).IsSynced).To(BeTrue())
}

func TestAUIDAloneSilencesNobody(t *testing.T) {
	f := newFleet(t)
	f.token["liar"] = f.Engage("liar", time.Time{})
	f.SetObject("liar", f.token["liar"], testStatus(func(cs *v1alpha1.CommitStatus) { cs.Name = "another" }))
	f.hear("eu", testStatus())
	f.g.Expect(f.job().Verdict.Owner.Object.Cluster).To(Equal("eu"))
	f.RemoveObject("liar", f.token["liar"], types.NamespacedName{Namespace: "team-a", Name: "another"}, deleted)
	f.g.Expect(f.job().Verdict.Owner.Object.Cluster).To(Equal("eu"))
}

func TestATwinIsNotWaitedFor(t *testing.T) {
	f := newFleet(t)
	f.members = []string{"eu", twinOfEU}
	f.takeOver()
	f.hear("eu", testStatus())
	f.g.Expect(f.anyUnheard()).To(BeTrue())
	f.hear(twinOfEU, testStatus())
	f.g.Expect(f.anyUnheard()).To(BeFalse())
}
