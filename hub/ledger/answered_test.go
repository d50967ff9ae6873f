package ledger_test

import (
	"reflect"
	"strings"
	"testing"
	"unsafe"

	. "github.com/onsi/gomega"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger/ledgertest"
)

// withLongText is a fleet whose eu has a long text shown, and the status that says so.
func withLongText(t *testing.T) (*fleet, ledger.Patch) {
	f := newFleet(t)
	f.Hear("eu", ledgertest.CommitStatus(ledgertest.Wants("success"), describedBy("a", 10_000)))
	shown := ledgertest.Shows("success")
	shown.Description = strings.Repeat("a", 10_000)
	f.Showed(ledgertest.Key, f.Claimed(), shown, true)
	p, ok := f.Patch(ledgertest.ID("eu"))
	f.G.Expect(ok).To(BeTrue())
	f.G.Expect(p.Status.Description).To(HaveLen(10_000))
	return f, p
}

// sizeOf is how many bytes of text a value holds.
func sizeOf(value any) (size int) {
	ledger.Texts(reflect.ValueOf(value), func(text string) { size += len(text) })
	return size
}

// saidShort expects the contest about a cluster's object, of which little is kept.
func (f *fleet) saidShort(cluster string) {
	f.G.THelper()
	said := f.Contests(cluster)
	f.G.Expect(said).To(HaveLen(1))
	f.G.Expect(sizeOf(said[0])).To(BeNumerically("<", 200))
	f.G.Expect(ledgertest.ReadyOf(&said[0]).Reason).To(Equal(v1alpha1.ReasonSynced))
}

// A member responds to each patch with long texts of its own, and withholds the event.
func TestKept_KeepsLittleOfWhatAMemberRespondsWith(t *testing.T) {
	f, p := withLongText(t)
	response := &v1alpha1.CommitStatus{}
	ledger.Fill(reflect.ValueOf(&response.Status).Elem(), strings.Repeat("é", 1000))
	response.Status.Conditions[1].Type = v1alpha1.ConditionReady
	ledger.Trim(response)
	before := response.Status.DeepCopy()
	f.Kept(p, response.Status, "100", true)
	f.G.Expect(response.Status).To(Equal(*before), "the caller's")
	f.G.Expect(sizeOf(f.Applied(ledgertest.ID("eu")))).To(BeNumerically("<", 1200))
	f.saidShort("eu")
	again, ok := f.Patch(ledgertest.ID("eu"))
	f.G.Expect(ok).To(BeTrue(), "the member keeps something else")
	f.G.Expect(again.Status.Repo).To(Equal(p.Status.Repo))
}

// Others change a status with a long text.
func TestContest_KeepsLittleOfWhatWasPublished(t *testing.T) {
	f, p := withLongText(t)
	f.Patched(p, "2")
	f.Edit("eu", ledgertest.Wants("success"), describedBy("a", 10_000), func(cs *v1alpha1.CommitStatus) { cs.ResourceVersion = "3" })
	f.saidShort("eu")
}

func TestAnswered_SharesTheTextsThatWereSent(t *testing.T) {
	g := NewWithT(t)
	sent := v1alpha1.CommitStatusStatus{Description: strings.Repeat("a", 1000), Owner: "eu/team-a/build"}
	kept := ledger.Answered(sent, v1alpha1.CommitStatusStatus{Description: strings.Clone(sent.Description), Owner: "another"})
	g.Expect(unsafe.StringData(kept.Description)).To(BeIdenticalTo(unsafe.StringData(sent.Description)))
	g.Expect(kept.Owner).To(Equal("another"))
}

func TestAnswered_DiffersFromWhatWasSent(t *testing.T) {
	for _, text := range []string{strings.Repeat("a", ledger.AnsweredLimit), "short", strings.Repeat("a", 500)} {
		g := NewWithT(t)
		sent := v1alpha1.CommitStatusStatus{Description: text}
		kept := ledger.Answered(sent, v1alpha1.CommitStatusStatus{Description: text + "é" + strings.Repeat("b", 500)})
		g.Expect(kept.Description).NotTo(Equal(sent.Description))
		g.Expect(len(kept.Description)).To(BeNumerically("<=", ledger.AnsweredLimit))
		g.Expect(ledger.Answered(sent, sent)).To(Equal(sent))
	}
}
