package hub

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/types"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
)

func TestSharingReports_TellsTheFirstChangeAtOnceAndTheNewestOncePerMinute(t *testing.T) {
	f := newFleet(t)
	for i, cluster := range []string{"eu", "us"} {
		f.token[cluster] = f.Engage(cluster, time.Unix(int64(1000+i), 0))
	}
	show := func(cluster string, uid types.UID) []string {
		return f.SetObject(cluster, f.token[cluster], testStatus(func(cs *v1alpha1.CommitStatus) { cs.UID = uid })).Sharing
	}
	var reports [][2][]string
	r := &sharingReports{ledger: f.Ledger, clock: f.now, ended: func() bool { return false }, report: func(cluster string, older, younger []string) {
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
	f.g.Expect(reports).To(Equal([][2][]string{{{"eu"}, nil}}))
	f.now.Step(sharingEvery)
	f.g.Eventually(func() int { r.mu.Lock(); defer r.mu.Unlock(); return len(reports) }).Should(Equal(2))
	f.g.Expect(reports[1]).To(Equal([2][]string{}), "the newest")
	f.now.Step(10 * time.Minute)
	flap()
	f.g.Expect(reports).To(HaveLen(3))
	f.g.Expect(r.last).To(HaveLen(2))
}

func TestSharingReports_TellsNothingOnceTheHubEnds(t *testing.T) {
	f := newFleet(t)
	r := &sharingReports{ledger: f.Ledger, clock: f.now, ended: func() bool { return true }, report: func(string, []string, []string) {
		t.Error("the recorder is closed by then")
	}}
	r.note([]string{"eu"})
	f.g.Expect(r.timer).To(BeNil())
}
