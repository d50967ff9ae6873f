package ledger

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
)

func TestContest_DoesNotCountChangesFromBeforeThisHubLed(t *testing.T) {
	f := newFleet(t)
	f.started = time.Time{} // a standby, which writes nothing yet
	version := func(no, owner string) *v1alpha1.CommitStatus {
		return testStatus(func(cs *v1alpha1.CommitStatus) { cs.ResourceVersion, cs.Status.Owner = no, owner })
	}
	f.hear("eu", version("41", ""))
	f.SetObject("eu", f.token["eu"], version("42", "us/team-a/build")) // by the leader
	f.takeOver()
	f.g.Expect(f.Ledger.members["eu"].contests).To(BeEmpty())
	f.g.Expect(f.ReviewContest(idIn("eu"))).To(BeZero())
	f.SetObject("eu", f.token["eu"], version("43", "us/team-a/other"))
	f.g.Expect(f.Ledger.members["eu"].contests).NotTo(BeEmpty(), "others change it now")
}

func TestContest_DoesNotCountAnEventFromBeforeThePatch(t *testing.T) {
	f := newFleet(t)
	f.SetScmProvider("acme", testSCM()) // denied, which is published at once
	version := func(no string, status v1alpha1.CommitStatusStatus) *v1alpha1.CommitStatus {
		return testStatus(func(cs *v1alpha1.CommitStatus) { cs.ResourceVersion, cs.Status = no, status })
	}
	f.hear("eu", version("41", v1alpha1.CommitStatusStatus{}))
	p, ok := f.Patch(idIn("eu"))
	f.g.Expect(ok).To(BeTrue())
	f.Patched(p, "43")
	f.SetObject("eu", f.token["eu"], version("42", v1alpha1.CommitStatusStatus{})) // such as another label
	f.g.Expect(f.Ledger.members["eu"].contests).To(BeEmpty(), "the watch is behind the patch")
	f.SetObject("eu", f.token["eu"], version("43", p.Status))
	f.g.Expect(f.Ledger.members["eu"].contests).To(BeEmpty())
	f.SetObject("eu", f.token["eu"], version("44", v1alpha1.CommitStatusStatus{}))
	f.g.Expect(f.Ledger.members["eu"].contests).NotTo(BeEmpty(), "others took the status away")
}
