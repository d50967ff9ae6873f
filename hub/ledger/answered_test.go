package ledger

import (
	"reflect"
	"strings"
	"testing"
	"unsafe"

	. "github.com/onsi/gomega"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
)

// A member responds to each patch with long texts of its own, and withholds the event.
func TestKept_KeepsLittleOfWhatAMemberRespondsWith(t *testing.T) {
	f := newFleet(t)
	f.hear("eu", testStatus(wants("success")))
	f.Showed(testKey, f.job(), shows("success"), true)
	p, ok := f.Patch(idIn("eu"))
	f.g.Expect(ok).To(BeTrue())
	response := &v1alpha1.CommitStatus{}
	fill(reflect.ValueOf(&response.Status).Elem(), strings.Repeat("é", 1000))
	response.Status.Conditions[1].Type = v1alpha1.ConditionReady
	Trim(response)
	before := response.Status.DeepCopy()
	f.Kept(p, response.Status, "100", true)
	f.g.Expect(response.Status).To(Equal(*before), "the caller's")

	size := 0
	texts(reflect.ValueOf(f.objectAt(idIn("eu")).applied.status), func(text string) { size += len(text) })
	f.g.Expect(size).To(BeNumerically("<", 1200))
	f.g.Expect(f.Ledger.members["eu"].contests).To(HaveLen(1))
	for _, c := range f.Ledger.members["eu"].contests {
		size = 0
		texts(reflect.ValueOf(c.said), func(text string) { size += len(text) })
		f.g.Expect(size).To(BeNumerically("<", 200))
		f.g.Expect(readyOf(&c.said).Reason).To(Equal(v1alpha1.ReasonSynced))
	}
	again, ok := f.Patch(idIn("eu"))
	f.g.Expect(ok).To(BeTrue(), "the member keeps something else")
	f.g.Expect(again.Status.Repo).To(Equal(p.Status.Repo))
}

func TestAnswered_SharesTheTextsThatWereSent(t *testing.T) {
	g := NewWithT(t)
	sent := v1alpha1.CommitStatusStatus{Description: strings.Repeat("a", 1000), Owner: "eu/team-a/build"}
	kept := answered(sent, v1alpha1.CommitStatusStatus{Description: strings.Clone(sent.Description), Owner: "another"})
	g.Expect(unsafe.StringData(kept.Description)).To(BeIdenticalTo(unsafe.StringData(sent.Description)))
	g.Expect(kept.Owner).To(Equal("another"))
}

func TestAnswered_DiffersFromWhatWasSent(t *testing.T) {
	for _, text := range []string{strings.Repeat("a", answeredLimit), "short", strings.Repeat("a", 500)} {
		g := NewWithT(t)
		sent := v1alpha1.CommitStatusStatus{Description: text}
		kept := answered(sent, v1alpha1.CommitStatusStatus{Description: text + "é" + strings.Repeat("b", 500)})
		g.Expect(kept.Description).NotTo(Equal(sent.Description))
		g.Expect(len(kept.Description)).To(BeNumerically("<=", answeredLimit))
		g.Expect(answered(sent, sent)).To(Equal(sent))
	}
}
