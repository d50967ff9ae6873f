package syncer_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger/ledgertest"
	"github.com/argoproj-labs/commit-status-hub/hub/statustest"
	"github.com/argoproj-labs/commit-status-hub/providers"
	fakegithub "github.com/argoproj-labs/commit-status-hub/test/scm/github"
)

func recordNothing(context.Context, ledger.Moves) error { return nil }

// ofOwner is a grant of one owner's repositories.
func ofOwner(owner v1alpha1.Pattern) v1alpha1.Grant {
	return v1alpha1.Grant{Clusters: []v1alpha1.Pattern{"**"}, Repositories: []v1alpha1.Pattern{owner + "/*"}}
}

// movesWorld is a hub at a strict GitHub whose repositories move. Its members have one
// CommitStatus and one GitRepo each.
type movesWorld struct {
	*scmWorld
	github   *fakegithub.Server
	claims   map[string]*v1alpha1.CommitStatus
	warnings []string
	recorded ledger.Moves
}

func newMovesWorld(t *testing.T) *movesWorld {
	scm, github := githubWorld(t)
	w := &movesWorld{scmWorld: scm, github: github, claims: map[string]*v1alpha1.CommitStatus{}}
	w.syncer.Log = logr.Discard()
	w.syncer.Warn = func(cluster string, _ *v1alpha1.CommitStatus, reason, _, message string) {
		w.warnings = append(w.warnings, cluster+" "+reason+": "+message)
	}
	w.syncer.Record = func(_ context.Context, moves ledger.Moves) error {
		w.recorded = moves
		return nil
	}
	return w
}

// join has a member be engaged whose GitRepo names a repository.
func (w *movesWorld) join(cluster, repository string) {
	w.Token[cluster] = w.Engage(cluster, time.Time{})
	w.name(cluster, repository)
	if cs := w.claims[cluster]; cs != nil {
		w.SetObject(cluster, w.Token[cluster], cs)
	}
	w.apply(w.Synced(cluster, w.Token[cluster]))
}

// name has a member's GitRepo name a repository.
func (w *movesWorld) name(cluster, repository string) {
	repo := ledgertest.GitRepo()
	repo.Spec.Repository = repository
	w.apply(w.SetRepo(cluster, w.Token[cluster], types.NamespacedName{Namespace: "team-a", Name: "shop"}, repo))
}

// claim has a member's CommitStatus want a phase.
func (w *movesWorld) claim(cluster string, phase v1alpha1.Phase) {
	cs := w.claims[cluster]
	if cs == nil {
		cs = ledgertest.CommitStatus()
		cs.UID, cs.CreationTimestamp = types.UID("uid-in-"+cluster), metav1.NewTime(w.Clock.Now().Add(time.Duration(len(w.claims))*time.Second).Truncate(time.Second))
	} else {
		cs = cs.DeepCopy()
		cs.Generation++
	}
	cs.Spec.Phase = phase
	w.claims[cluster] = cs
	w.apply(w.SetObject(cluster, w.Token[cluster], cs))
}

// status is the status that a member's CommitStatus has.
func (w *movesWorld) status(cluster string) v1alpha1.CommitStatusStatus {
	w.G.THelper()
	if patch, ok := w.Patch(ledgertest.ID(cluster)); ok {
		statustest.ExpectInvariants(w.G, patch.Status, patch.Source.Generation)
		w.Patched(patch, "100")
		w.claims[cluster].Status = *patch.Status.DeepCopy()
	}
	return w.claims[cluster].Status
}

// runs are the phases of the runs on the commit, as a repository shows them.
func (w *movesWorld) runs(repository string) (phases []string) {
	for _, run := range w.github.CheckRuns(repository, ledgertest.SHA) {
		phase := run.Status
		if phase == "completed" {
			phase = run.Conclusion
		}
		phases = append(phases, phase)
	}
	return phases
}

func (w *movesWorld) expectRepo(repository string, clusters ...string) {
	w.G.THelper()
	for _, cluster := range clusters {
		st := w.status(cluster)
		w.G.Expect(st.Repo).To(HaveSuffix("/"+repository), cluster)
		w.G.Expect(ledgertest.ReadyOf(&st).Status).To(Equal(metav1.ConditionTrue), "%s: %+v", cluster, st)
	}
}

func TestMoved_BothNamesAreOneKey(t *testing.T) {
	w := newMovesWorld(t)
	w.github.MoveRepo("acme/shop", "acme/market")
	for _, cluster := range []string{"a", "c"} {
		w.join(cluster, "Acme/Shop")
	}
	for _, cluster := range []string{"b", "d"} {
		w.join(cluster, "acme/market")
	}
	for _, cluster := range []string{"a", "b", "c", "d"} {
		w.claim(cluster, "in_progress")
	}
	w.run(time.Second)
	w.G.Expect(w.runs("acme/market")).To(Equal([]string{"in_progress"}))
	w.expectRepo("acme/market", "a", "b", "c", "d")
	w.G.Expect(w.status("d").Owner).To(Equal("a/team-a/build"))
	w.G.Expect(w.Count().Keys).To(Equal(1))
	w.G.Expect(w.warnings).To(HaveLen(1))
	w.G.Expect(w.warnings[0]).To(HavePrefix("a RepositoryMoved: repository Acme/Shop is acme/market now"))
	w.G.Expect(w.recorded.ScmProviders).To(Equal([]string{"acme"}))

	before := len(w.github.Writes())
	w.claim("b", "success")
	w.run(time.Second)
	st := w.status("b")
	w.G.Expect(ledgertest.ReadyOf(&st).Reason).To(Equal(v1alpha1.ReasonConflict), "the oldest claim is by the old name")
	w.claim("a", "success")
	w.run(time.Second)
	w.G.Expect(w.runs("acme/market")).To(Equal([]string{"success"}))
	w.G.Expect(w.github.Writes()).To(HaveLen(before+1), "no write goes to the old name")
	w.expectRepo("acme/market", "a", "b")
}

func TestMoved_WhatWasShownByTheOldNameGoesOn(t *testing.T) {
	for name, first := range map[string]string{"the old name writes first": "eu", "the new name joins first": "us"} {
		t.Run(name, func(t *testing.T) {
			w := newMovesWorld(t)
			w.join("eu", "acme/shop")
			w.claim("eu", "in_progress")
			w.run(time.Second)
			w.G.Expect(w.runs("acme/shop")).To(HaveLen(1))
			w.github.MoveRepo("acme/shop", "acme/market")
			w.join("us", "acme/market")
			if first == "eu" {
				w.claim("eu", "success")
				w.run(time.Second)
				w.claim("us", "success")
				w.run(time.Second)
				w.G.Expect(w.runs("acme/market")).To(Equal([]string{"success"}))
			} else {
				w.claim("us", "success")
				w.run(time.Second)
				w.claim("eu", "success")
				w.run(time.Minute)
				w.G.Expect(w.runs("acme/market")).To(Equal([]string{"success", "success"}), "nothing unfinished is left beside what counts")
			}
			w.expectRepo("acme/market", "eu", "us")
			w.G.Expect(w.Count().Keys).To(Equal(1))
		})
	}
}

func TestMoved_AGitRepoThatIsChangedToTheNewNameEndsNothing(t *testing.T) {
	w := newMovesWorld(t)
	w.join("eu", "acme/shop")
	w.claim("eu", "in_progress")
	w.run(time.Second)
	w.github.MoveRepo("acme/shop", "acme/market")
	w.name("eu", "acme/market")
	w.run(time.Minute)
	w.G.Expect(w.runs("acme/market")).To(Equal([]string{"in_progress"}))
	w.G.Expect(w.warnings).To(ConsistOf(HavePrefix("eu RepositoryMoved")))
	w.expectRepo("acme/market", "eu")
	w.claim("eu", "success")
	w.run(time.Second)
	w.G.Expect(w.runs("acme/market")).To(Equal([]string{"success"}))
}

func TestMoved_WritesNothingWhereNoGrantCoversTheNewName(t *testing.T) {
	w := newMovesWorld(t)
	w.grant(ofOwner("acme"))
	w.join("eu", "acme/shop")
	w.claim("eu", "in_progress")
	w.run(time.Second)
	w.github.Install(12345, 679, "globex")
	w.github.MoveRepo("acme/shop", "globex/shop")
	w.claim("eu", "success")
	w.run(time.Hour)
	w.G.Expect(w.runs("globex/shop")).To(Equal([]string{"in_progress"}))
	st := w.status("eu")
	w.G.Expect(ledgertest.ReadyOf(&st).Reason).To(Equal(v1alpha1.ReasonMoved))
	w.G.Expect(ledgertest.ReadyOf(&st).Message).To(ContainSubstring(
		"repository acme/shop is globex/shop now, which no grant of ScmProvider acme lets namespace team-a of cluster eu write"))

	w.apply(w.RemoveObject("eu", w.Token["eu"], types.NamespacedName{Namespace: "team-a", Name: "build"}, ledger.Deleted))
	w.run(time.Minute)
	w.G.Expect(w.runs("globex/shop")).To(Equal([]string{"in_progress"}), "a deletion ends nothing there either")

	w.apply(w.SetObject("eu", w.Token["eu"], w.claims["eu"]))
	w.run(time.Second)
	w.grant(ofOwner("acme"), ofOwner("globex"))
	w.run(time.Minute)
	w.G.Expect(w.runs("globex/shop")[0]).To(Equal("success"))
	w.expectRepo("globex/shop", "eu")
}

func TestMoved_ADeniedClaimIsNotToldTheNewName(t *testing.T) {
	w := newMovesWorld(t)
	w.join("eu", "acme/shop")
	w.github.MoveRepo("acme/shop", "globex/shop")
	w.github.Install(12345, 679, "globex")
	w.claim("eu", "in_progress")
	w.run(time.Second)
	w.expectRepo("globex/shop", "eu")
	w.grant(ofOwner("other"))
	st := w.status("eu")
	w.G.Expect(ledgertest.ReadyOf(&st).Reason).To(Equal(v1alpha1.ReasonDenied))
	w.G.Expect(ledgertest.ReadyOf(&st).Message).NotTo(ContainSubstring("globex"))
}

func TestMoved_BackAndOnIsFollowed(t *testing.T) {
	w := newMovesWorld(t)
	w.join("eu", "acme/shop")
	w.join("us", "acme/market")
	w.claim("eu", "in_progress")
	w.run(time.Second)
	w.github.MoveRepo("acme/shop", "acme/market")
	w.claim("us", "in_progress")
	w.claim("eu", "queued")
	w.run(10 * time.Minute)
	w.expectRepo("acme/market", "eu")
	w.github.MoveRepo("acme/market", "acme/shop")
	w.claim("eu", "in_progress")
	w.run(10 * time.Minute)
	w.expectRepo("acme/shop", "eu", "us")
	w.github.MoveRepo("acme/shop", "acme/store")
	w.claim("eu", "success")
	w.claim("us", "success")
	w.run(10 * time.Minute)
	w.expectRepo("acme/store", "eu", "us")
	w.G.Expect(w.runs("acme/store")).To(HaveEach(Or(Equal("success"), Equal("cancelled"))))
	w.G.Expect(w.Count().Keys).To(Equal(1))
}

func TestMoved_AnotherRepositoryUnderTheOldNameIsAnotherKey(t *testing.T) {
	w := newMovesWorld(t)
	w.join("eu", "acme/shop")
	w.github.MoveRepo("acme/shop", "acme/market")
	w.claim("eu", "in_progress")
	w.run(time.Second)
	w.expectRepo("acme/market", "eu")
	w.Clock.Step(movedFor)
	w.github.AddRepo("acme/shop", ledgertest.SHA)
	w.claim("eu", "success")
	w.run(time.Minute)
	w.G.Expect(w.runs("acme/shop")).To(Equal([]string{"success"}))
	w.G.Expect(w.runs("acme/market")).To(Equal([]string{"success"}), "what was declared before it left")
	w.expectRepo("acme/shop", "eu")
	w.G.Expect(w.recorded.Repositories).To(BeEmpty())
}

func TestMoved_IsVerifiedOnceAnHourWhileItIsUsed(t *testing.T) {
	w := newMovesWorld(t)
	w.join("eu", "acme/shop")
	w.github.MoveRepo("acme/shop", "acme/market")
	w.claim("eu", "in_progress")
	w.run(time.Second)
	before := w.count(0, fakegithub.OpGetRepository)
	for _, phase := range []v1alpha1.Phase{"queued", "in_progress", "success"} {
		w.Clock.Step(movedFor)
		w.claim("eu", phase)
		w.run(time.Minute) // the token is renewed first
		w.expectRepo("acme/market", "eu")
	}
	w.G.Expect(w.count(0, fakegithub.OpGetRepository)-before).To(Equal(6), "a read and its redirect each")
	w.G.Expect(w.recorded.Repositories[0].VerifiedAt.Time).To(BeTemporally(">", w.recorded.Repositories[0].LearnedAt.Time))
	w.Clock.Step(24 * time.Hour)
	w.run(time.Hour)
	w.G.Expect(w.count(0, fakegithub.OpGetRepository)-before).To(Equal(6), "nothing needs it")
}

func TestMoved_IsKnownAfterARestart(t *testing.T) {
	w := newMovesWorld(t)
	w.join("eu", "acme/shop")
	w.join("us", "acme/market")
	w.github.MoveRepo("acme/shop", "acme/market")
	w.claim("eu", "in_progress")
	w.claim("us", "in_progress")
	w.run(time.Second)
	w.expectRepo("acme/market", "eu", "us")

	calls := len(w.github.Calls())
	w.Fleet = ledgertest.NewSuccessor(w.Fleet)
	w.syncer.Ledger, w.ready, w.due = w.Ledger, nil, map[ledger.Key]time.Time{}
	w.provider.Status.MovedRepositories = w.recorded.Repositories
	w.open()
	w.join("eu", "acme/shop")
	w.join("us", "acme/market")
	w.apply(w.Begin(ledger.Predecessor{Led: true, Clean: true}))
	w.apply(w.Loaded())
	w.run(time.Hour)
	w.G.Expect(w.github.Calls()).To(HaveLen(calls), "nothing changed")
	w.claim("us", "success")
	w.claim("eu", "success")
	w.run(time.Minute)
	w.G.Expect(w.runs("acme/market")).To(Equal([]string{"success"}))
	w.expectRepo("acme/market", "eu", "us")
}

// TestMoved_AWriteThatIsUnderWayIsNotMadeTwice has the repository move while one member's write
// by the old name is under way, and another's finds out.
func TestMoved_AWriteThatIsUnderWayIsNotMadeTwice(t *testing.T) {
	b := newBench(t)
	b.Hear("eu", ledgertest.CommitStatus())
	b.scm.answer = func(want providers.Status) (providers.Shown, error) {
		if len(b.scm.asked) == 1 {
			job := b.Claimed()
			job.Verdict.Owner.Repository = "acme/shop"
			b.Relocated(ledgertest.Key, job, "acme/market")
			there := ledgertest.Key
			there.Repository = "acme/market"
			b.work(there)
		}
		return providers.Shown{Status: want, Handle: ledgertest.Shows(want.Phase).Handle}, nil
	}
	b.reconcile()
	there := ledgertest.Key
	there.Repository = "acme/market"
	b.work(there)
	b.G.Expect(strings.Join(b.scm.asked, ",")).NotTo(MatchRegexp("create.*create"))
	st := b.Published("eu")
	b.G.Expect(ledgertest.ReadyOf(st).Reason).To(Equal(v1alpha1.ReasonSynced))
	b.G.Expect(st.Repo).To(Equal("github.com/acme/market"))
}

func TestMoved_InACircleIsNotFollowed(t *testing.T) {
	b := newBench(t)
	b.scm.moved = map[string]string{"Acme/Shop": "acme/market", "acme/market": "acme/shop"}
	b.Hear("eu", ledgertest.CommitStatus())
	there := ledgertest.Key
	there.Repository = "acme/market"
	for range 20 {
		for _, key := range []ledger.Key{ledgertest.Key, there} {
			b.work(key)
		}
	}
	b.G.Expect(len(b.scm.written)).To(BeNumerically("<=", 3))
	b.G.Expect(ledgertest.ReadyOf(b.Published("eu")).Reason).To(Equal(v1alpha1.ReasonMoved))
}

// Its installation keeps its number and its token, so nothing but the redirect of a write tells.
func TestMoved_AnOrganisationThatIsRenamedGoesOnOrSaysWhatToChange(t *testing.T) {
	for name, tc := range map[string]struct {
		installation int64
		grants       []v1alpha1.Grant
		reason       string
	}{
		"found, covered":     {0, []v1alpha1.Grant{ofOwner("acme"), ofOwner("globex")}, v1alpha1.ReasonSynced},
		"found, not covered": {0, []v1alpha1.Grant{ofOwner("acme")}, v1alpha1.ReasonMoved},
		"given, covered":     {678, []v1alpha1.Grant{ofOwner("acme"), ofOwner("globex")}, v1alpha1.ReasonSynced},
		"given, not covered": {678, []v1alpha1.Grant{ofOwner("acme")}, v1alpha1.ReasonMoved},
	} {
		t.Run(name, func(t *testing.T) {
			w := newMovesWorld(t)
			w.provider.Spec.GitHub.InstallationID = tc.installation
			w.open()
			w.grant(tc.grants...)
			w.join("eu", "acme/shop")
			w.claim("eu", "in_progress")
			w.run(time.Second)
			w.expectRepo("acme/shop", "eu")
			w.github.Install(12345, 678, "globex")
			w.github.MoveRepo("acme/shop", "globex/shop")
			w.claim("eu", "success")
			w.run(time.Minute)
			st := w.status("eu")
			w.G.Expect(ledgertest.ReadyOf(&st).Reason).To(Equal(tc.reason), ledgertest.ReadyOf(&st).Message)
			if tc.reason == v1alpha1.ReasonMoved {
				w.G.Expect(ledgertest.ReadyOf(&st).Message).To(ContainSubstring("repository acme/shop is globex/shop now"))
				w.G.Expect(w.runs("globex/shop")).To(Equal([]string{"in_progress"}), "nothing is written")
				return
			}
			w.G.Expect(w.runs("globex/shop")).To(Equal([]string{"success"}))
			w.expectRepo("globex/shop", "eu")
		})
	}
}
