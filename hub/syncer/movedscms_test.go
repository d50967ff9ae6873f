package syncer_test

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	fakebitbucket "github.com/argoproj-labs/commit-status-hub/test/scm/bitbucket"
	fakegitea "github.com/argoproj-labs/commit-status-hub/test/scm/gitea"
	fakegithub "github.com/argoproj-labs/commit-status-hub/test/scm/github"
	fakegitlab "github.com/argoproj-labs/commit-status-hub/test/scm/gitlab"
)

// moveRepo renames a repository at whatever SCM it is.
func (w *scmWorld) moveRepo(from, to string) {
	switch scm := w.fakeSCM.(type) {
	case *fakegithub.Server:
		scm.MoveRepo(from, to)
	case *fakegitlab.Server:
		scm.MoveProject(from, to)
	case *fakegitea.Server:
		scm.RenameRepo(from, to)
	case *fakebitbucket.Server:
		scm.MoveRepo(from, to)
	}
}

// repo is what a CommitStatus says of where it is shown.
func (w *scmWorld) repo(name string) string {
	ready := w.condition(name)
	w.G.Expect(ready.Reason).To(Equal(v1alpha1.ReasonSynced), ready.Message)
	return w.statuses[name].Repo
}

func TestMoved_IsLearnedFromAWriteAtEverySCM(t *testing.T) {
	everySCM(t, func(_ *testing.T, start func() *scmWorld, _ own) {
		w := start()
		w.want("build", "in_progress")
		w.run(time.Minute)
		w.G.Expect(w.repo("build")).To(HaveSuffix("/Acme/Shop"))
		w.moveRepo("acme/shop", "acme/market")
		w.want("build", "success")
		w.run(time.Minute)
		w.G.Expect(w.repo("build")).To(HaveSuffix("/acme/market"))
		calls := len(w.Calls())
		w.want("test", "success")
		w.run(time.Minute)
		w.G.Expect(w.repo("test")).To(HaveSuffix("/acme/market"))
		w.G.Expect(w.Calls()).To(HaveLen(calls+1), "its name of today is known")
	})
}

func TestMoved_IsLearnedFromAReadAtEverySCM(t *testing.T) {
	everySCM(t, func(t *testing.T, start func() *scmWorld, _ own) {
		w := start()
		if w.provider.Spec.BitbucketDataCenter != nil {
			t.Skip("what lists there knows no repositories")
		}
		w.want("build", "in_progress")
		w.run(time.Minute)
		w.moveRepo("acme/shop", "acme/market")
		w.request("build")
		w.run(time.Minute)
		w.G.Expect(w.repo("build")).To(HaveSuffix("/acme/market"))
		w.want("build", "success")
		w.run(time.Minute)
		w.G.Expect(w.repo("build")).To(HaveSuffix("/acme/market"))
	})
}

func TestMoved_OutOfTheGrantsIsNotWrittenToAtAnySCM(t *testing.T) {
	everySCM(t, func(_ *testing.T, start func() *scmWorld, _ own) {
		w := start()
		w.grant(ofOwner("acme"))
		w.want("build", "in_progress")
		w.run(time.Minute)
		w.moveRepo("acme/shop", "globex/shop")
		w.want("build", "success")
		w.run(time.Minute)
		ready := w.condition("build")
		w.G.Expect(ready.Reason).To(Equal(v1alpha1.ReasonMoved))
		w.G.Expect(ready.Message).To(ContainSubstring("repository Acme/Shop is globex/shop now"))
		calls := len(w.Calls())
		w.run(30 * time.Minute)
		w.G.Expect(w.Calls()).To(HaveLen(calls), "nothing is asked")
	})
}
