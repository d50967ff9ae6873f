package ledger_test

import (
	"testing"

	. "github.com/onsi/gomega"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger/ledgertest"
)

func TestContest_DoesNotCountChangesFromBeforeThisHubLed(t *testing.T) {
	f := newStandby(t)
	version := func(no, owner string) *v1alpha1.CommitStatus {
		return ledgertest.CommitStatus(func(cs *v1alpha1.CommitStatus) { cs.ResourceVersion, cs.Status.Owner = no, owner })
	}
	f.Hear("eu", version("41", ""))
	f.SetObject("eu", f.Token["eu"], version("42", "us/team-a/build")) // by the leader
	f.TakeOver()
	f.G.Expect(f.Contests("eu")).To(BeEmpty())
	f.G.Expect(f.ReviewContest(ledgertest.ID("eu"))).To(BeZero())
	f.SetObject("eu", f.Token["eu"], version("43", "us/team-a/other"))
	f.G.Expect(f.Contests("eu")).NotTo(BeEmpty(), "others change it now")
}

func TestContest_DoesNotCountAnEventFromBeforeThePatch(t *testing.T) {
	f := newFleet(t)
	f.SetScmProvider("acme", ledgertest.ScmProvider()) // denied, which is published at once
	version := func(no string, status v1alpha1.CommitStatusStatus) *v1alpha1.CommitStatus {
		return ledgertest.CommitStatus(func(cs *v1alpha1.CommitStatus) { cs.ResourceVersion, cs.Status = no, status })
	}
	f.Hear("eu", version("41", v1alpha1.CommitStatusStatus{}))
	p, ok := f.Patch(ledgertest.ID("eu"))
	f.G.Expect(ok).To(BeTrue())
	f.Patched(p, "43")
	f.SetObject("eu", f.Token["eu"], version("42", v1alpha1.CommitStatusStatus{})) // such as another label
	f.G.Expect(f.Contests("eu")).To(BeEmpty(), "the watch is behind the patch")
	f.SetObject("eu", f.Token["eu"], version("43", p.Status))
	f.G.Expect(f.Contests("eu")).To(BeEmpty())
	f.SetObject("eu", f.Token["eu"], version("44", v1alpha1.CommitStatusStatus{}))
	f.G.Expect(f.Contests("eu")).NotTo(BeEmpty(), "others took the status away")
}
