package hub

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/types"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger/ledgertest"
)

func TestSharingReports_TellsTheFirstChangeAtOnceAndTheNewestOncePerMinute(t *testing.T) {
	f := ledgertest.NewFleet(t)
	for i, cluster := range []string{"eu", "us"} {
		f.Token[cluster] = f.Engage(cluster, time.Unix(int64(1000+i), 0))
	}
	show := func(cluster string, uid types.UID) []string {
		return f.SetObject(cluster, f.Token[cluster], ledgertest.CommitStatus(func(cs *v1alpha1.CommitStatus) { cs.UID = uid })).Sharing
	}
	var reports [][2][]string
	r := &sharingReports{ledger: f.Ledger, clock: f.Clock, ended: func() bool { return false }, report: func(cluster string, older, younger []string) {
		if cluster == "us" {
			reports = append(reports, [2][]string{older, younger})
		}
	}}
	show("eu", "uid-1")
	flap := func() {
		r.note(show("us", "uid-1"))
		r.note(show("us", "uid-2"))
	}
	for range 1000 {
		flap()
	}
	f.G.Expect(reports).To(Equal([][2][]string{{{"eu"}, nil}}))
	f.Clock.Step(sharingEvery)
	f.G.Eventually(func() int { r.mu.Lock(); defer r.mu.Unlock(); return len(reports) }).Should(Equal(2))
	f.G.Expect(reports[1]).To(Equal([2][]string{}), "the newest")
	f.Clock.Step(10 * time.Minute)
	flap()
	f.G.Expect(reports).To(HaveLen(3))
	f.G.Expect(r.last).To(HaveLen(2))
}

func TestSharingReports_TellsNothingOnceTheHubEnds(t *testing.T) {
	f := ledgertest.NewFleet(t)
	r := &sharingReports{ledger: f.Ledger, clock: f.Clock, ended: func() bool { return true }, report: func(string, []string, []string) {
		t.Error("the recorder is closed by then")
	}}
	r.note([]string{"eu"})
	f.G.Expect(r.timer).To(BeNil())
}
