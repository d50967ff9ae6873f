package syncer_test

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/types"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger/ledgertest"
	"github.com/argoproj-labs/commit-status-hub/providers"
)

// inProgress is a bench whose eu has a run in progress.
func inProgress(t *testing.T, edit ...func(*v1alpha1.CommitStatus)) *bench {
	b := newBench(t)
	b.Hear("eu", ledgertest.CommitStatus(append(edit, ledgertest.Wants("in_progress"))...))
	b.work(ledgertest.Key)
	b.scm.asked = nil
	return b
}

// inProgressBeside is a bench whose hub took over in a fleet, and whose eu has a run in progress.
// Of the other members it has heard nothing yet.
func inProgressBeside(t *testing.T, others ...string) *bench {
	b := newStandby(t)
	b.Members = append([]string{"eu"}, others...)
	b.TakeOver()
	b.scm.found = ledgertest.Shows("in_progress")
	b.Hear("eu", ledgertest.CommitStatus(ledgertest.Wants("in_progress")))
	b.work(ledgertest.Key)
	b.G.Expect(b.scm.asked).To(Equal([]string{"find"}))
	b.scm.asked = nil
	return b
}

func TestTheOldPlaceIsCanceledBeforeTheNewOneIsWritten(t *testing.T) {
	b := inProgress(t)
	b.Edit("eu", ledgertest.On(ledgertest.OtherSHA), ledgertest.Wants("queued"))
	b.G.Expect(b.work(ledgertest.OtherKey)).To(Equal(moveCheck), "the old place comes first")
	b.work(ledgertest.Key)
	b.work(ledgertest.OtherKey)
	b.G.Expect(b.scm.asked).To(Equal([]string{"update canceled", "create queued"}))
}

func TestWhatWasDeclaredForTheOldPlaceIsWrittenInPlaceOfCanceled(t *testing.T) {
	b := inProgress(t)
	b.Edit("eu", ledgertest.Wants("failure"))
	b.Edit("eu", ledgertest.On(ledgertest.OtherSHA), ledgertest.Wants("queued"))
	b.work(ledgertest.Key)
	b.work(ledgertest.OtherKey)
	b.G.Expect(b.scm.asked).To(Equal([]string{"update failure", "create queued"}))
}

func TestAnOldPlaceThatNeedsNoEndHoldsNothingUp(t *testing.T) {
	for name, prepare := range map[string]func(*bench){
		"it is done": func(b *bench) { b.Edit("eu", ledgertest.Wants("success")); b.work(ledgertest.Key) },
		"somebody else claims it": func(b *bench) {
			b.Hear("us", ledgertest.CommitStatus(ledgertest.CreatedAt(2000), ledgertest.Wants("in_progress")))
		},
		"somebody else keeps it": func(b *bench) {
			b.Hear("us", ledgertest.CommitStatus(ledgertest.CreatedAt(2000)))
			b.SetRepo("us", b.Token["us"], types.NamespacedName{Namespace: "team-a", Name: "shop"}, nil)
		},
		"nothing was written":    func(b *bench) { b.found(nil) },
		"it was seen to be done": func(b *bench) { b.found(ledgertest.Shows("failure")) },
	} {
		t.Run(name, func(t *testing.T) {
			b := inProgress(t)
			prepare(b)
			b.scm.asked = nil
			b.Edit("eu", ledgertest.On(ledgertest.OtherSHA), ledgertest.Wants("queued"))
			b.work(ledgertest.OtherKey)
			b.work(ledgertest.Key)
			b.G.Expect(b.scm.asked).To(Equal([]string{"create queued"}))
		})
	}
}

func TestWhateverComesOfTheOneAttemptTheClaimMovesOn(t *testing.T) {
	for _, err := range []*providers.Error{
		providers.Errorf(v1alpha1.ReasonCredentialsInvalid, "lacks the permission"),
		providers.Errorf(v1alpha1.ReasonRepoNotFound, "no such repository"),
		{Reason: v1alpha1.ReasonUnavailable, Message: "answered 502", Unknown: true},
	} {
		t.Run(err.Message, func(t *testing.T) {
			b := inProgress(t)
			answer := b.scm.answer
			b.scm.answer = func(providers.Status) (providers.Shown, error) { return providers.Shown{}, err }
			b.Edit("eu", ledgertest.On(ledgertest.OtherSHA), ledgertest.Wants("queued"))
			b.work(ledgertest.Key)
			b.G.Expect(b.warnings).To(Equal([]string{
				"eu/build CancelFailed: github.com may still show build as unfinished on 0123456 of Acme/Shop: " + err.Message,
			}))
			b.scm.answer = answer
			b.work(ledgertest.OtherKey)
			b.work(ledgertest.Key)
			b.Clock.Step(time.Hour)
			b.work(ledgertest.Key)
			b.G.Expect(b.scm.asked).To(Equal([]string{"update canceled", "create queued"}), "there is one attempt")
		})
	}
}

func TestAPauseIsNoAttemptToCancel(t *testing.T) {
	b := inProgress(t)
	answer := b.scm.answer
	b.scm.answer = func(providers.Status) (providers.Shown, error) {
		return providers.Shown{}, providers.Errorf(v1alpha1.ReasonPending, "paused")
	}
	b.Edit("eu", ledgertest.On(ledgertest.OtherSHA), ledgertest.Wants("queued"))
	b.work(ledgertest.Key)
	b.G.Expect(b.warnings).To(BeEmpty())
	b.G.Expect(b.queue.Len()).To(Equal(1), "back in its lane")
	b.scm.answer = answer
	b.work(ledgertest.Key)
	b.work(ledgertest.OtherKey)
	b.G.Expect(b.scm.asked).To(Equal([]string{"update canceled", "update canceled", "create queued"}))
}

// otherLane is an account in another installation.
type otherLane struct{ *scriptedSCM }

func (otherLane) Lane(string) (string, bool) { return "other lane", true }

func TestAnotherInstallationsPauseHoldsUpNoMove(t *testing.T) {
	b := inProgress(t)
	b.Blocked = func(lane string) bool { return lane == "lane" }
	b.SetScmProvider("other", ledgertest.Opened(otherLane{b.scm}, func(p *v1alpha1.ScmProvider) { p.Name = "other" }))
	repo := ledgertest.GitRepo()
	repo.Spec.ScmProviderRef.Name, repo.Spec.Repository = "other", "acme/cart"
	b.SetRepo("eu", b.Token["eu"], types.NamespacedName{Namespace: "team-a", Name: "shop"}, repo)
	cart := ledgertest.Key
	cart.Repository = "acme/cart"
	b.work(cart)
	b.G.Expect(b.scm.asked).To(Equal([]string{"create in_progress"}))
	b.Blocked = func(string) bool { return false }
	b.Clock.Step(50 * time.Minute)
	b.work(ledgertest.Key)
	b.G.Expect(b.scm.asked).To(Equal([]string{"create in_progress", "update canceled"}), "it is made up for within the hour")
}

func TestAnEndThatWasHeldBackForAnHourIsGivenUp(t *testing.T) {
	b := inProgress(t)
	b.Edit("eu", ledgertest.On(ledgertest.OtherSHA), ledgertest.Wants("queued"))
	b.Clock.Step(abandonmentTTL)
	b.work(ledgertest.Key)
	b.work(ledgertest.OtherKey)
	b.G.Expect(b.scm.asked).To(Equal([]string{"create queued"}))
}

func TestTheLastDeletedClaimIsCanceledAWhileLater(t *testing.T) {
	b := inProgress(t)
	b.Deleted("eu")
	b.G.Expect(b.work(ledgertest.Key)).To(Equal(releaseDelay))
	b.Clock.Step(releaseDelay)
	b.work(ledgertest.Key)
	b.work(ledgertest.Key)
	b.G.Expect(b.scm.asked).To(Equal([]string{"update canceled"}))
	b.G.Expect(b.Count().Keys).To(BeZero())
}

func TestAnObjectThatIsReplacedCancelsNothing(t *testing.T) {
	b := inProgress(t)
	b.Deleted("eu")
	b.Clock.Step(time.Second)
	b.SetObject("eu", b.Token["eu"], ledgertest.CommitStatus(ledgertest.Wants("in_progress"), func(cs *v1alpha1.CommitStatus) { cs.UID = "uid-2" }))
	b.work(ledgertest.Key)
	b.Clock.Step(time.Hour)
	b.work(ledgertest.Key)
	b.G.Expect(b.scm.asked).To(BeEmpty())
}

func TestWhatMayComeBackCancelsNothing(t *testing.T) {
	name := types.NamespacedName{Namespace: "team-a", Name: "shop"}
	for what, away := range map[string]func(*bench){
		"a missing GitRepo":            func(b *bench) { b.SetRepo("eu", b.Token["eu"], name, nil) },
		"a missing ScmProvider":        func(b *bench) { b.SetScmProvider("acme", nil) },
		"a withdrawn grant":            func(b *bench) { b.useAccount() },
		"a member that is let go":      func(b *bench) { b.Disengage("eu", b.Token["eu"]) },
		"a namespace that is left out": func(b *bench) { b.Hear("eu") },
		"a claim that it was not for":  func(b *bench) { b.useAccount(); b.Deleted("eu") },
		"a grant withdrawn from a move": func(b *bench) {
			b.Edit("eu", ledgertest.On(ledgertest.OtherSHA), ledgertest.Wants("queued"))
			b.useAccount()
		},
	} {
		t.Run(what, func(t *testing.T) {
			b := inProgress(t)
			away(b)
			for range 3 {
				b.work(ledgertest.Key)
				b.Clock.Step(time.Minute)
			}
			b.G.Expect(b.scm.asked).To(BeEmpty())
		})
	}
}

func TestAClaimKeepsItsLastKeyWhileAReferenceIsMissing(t *testing.T) {
	b := inProgress(t)
	name := types.NamespacedName{Namespace: "team-a", Name: "shop"}
	b.SetRepo("eu", b.Token["eu"], name, nil)
	b.Clock.Step(time.Hour)
	b.work(ledgertest.Key)
	repo := ledgertest.GitRepo()
	repo.Spec.Repository = "acme/cart"
	b.SetRepo("eu", b.Token["eu"], name, repo)
	cart := ledgertest.Key
	cart.Repository = "acme/cart"
	b.work(ledgertest.Key)
	b.work(cart)
	b.G.Expect(b.scm.asked).To(Equal([]string{"update canceled", "create in_progress"}), "it was a move, after all")
}

func TestAMoveWhileNoHubWasThereIsMadeUpFor(t *testing.T) {
	b := takingOver(t)
	b.scm.found = ledgertest.Shows("in_progress")
	b.Hear("eu", ledgertest.CommitStatus(ledgertest.On(ledgertest.OtherSHA), ledgertest.Wants("queued"), ledgertest.Told(ledgertest.StatusWith("in_progress", 7))))
	b.G.Expect(b.work(ledgertest.OtherKey)).To(Equal(moveCheck))
	b.work(ledgertest.Key)
	b.scm.found = nil
	b.work(ledgertest.OtherKey)
	b.G.Expect(b.scm.asked).To(Equal([]string{"find", "update canceled", "find", "create queued"}), "a status may be forged")
}

func TestAForgedPlaceCancelsNothing(t *testing.T) {
	for name, forge := range map[string]func(*v1alpha1.CommitStatusStatus, *bench){
		"no grant covers it":  func(s *v1alpha1.CommitStatusStatus, _ *bench) { s.Repo = "github.com/other/shop" },
		"another host":        func(s *v1alpha1.CommitStatusStatus, _ *bench) { s.Repo = "git.example.com/acme/shop" },
		"no such ScmProvider": func(s *v1alpha1.CommitStatusStatus, _ *bench) { s.ScmProvider = "other" },
		"no hash":             func(s *v1alpha1.CommitStatusStatus, _ *bench) { s.SHA = "main" },
		"the run is not ours": func(_ *v1alpha1.CommitStatusStatus, b *bench) { b.scm.found = nil },
		"it is done in fact":  func(_ *v1alpha1.CommitStatusStatus, b *bench) { b.scm.found = ledgertest.Shows("success") },
		"somebody else claims it": func(_ *v1alpha1.CommitStatusStatus, b *bench) {
			b.Hear("us", ledgertest.CommitStatus(ledgertest.Wants("in_progress"), ledgertest.Told(ledgertest.StatusWith("in_progress", 7))))
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := takingOver(t)
			b.useAccount(v1alpha1.Grant{Clusters: []v1alpha1.Pattern{"*"}, Repositories: []v1alpha1.Pattern{"acme/*"}})
			b.scm.found = ledgertest.Shows("in_progress")
			status := ledgertest.StatusWith("in_progress", 7)
			forge(&status, b)
			b.Hear("eu", ledgertest.CommitStatus(ledgertest.On(ledgertest.OtherSHA), ledgertest.Wants("queued"), ledgertest.Told(status)))
			forged := ledger.Key{Kind: "github", Host: "github.com", Repository: "other/shop", SHA: ledgertest.SHA, Name: "build"}
			for _, key := range []ledger.Key{ledgertest.Key, forged, ledgertest.OtherKey} {
				b.work(key)
			}
			b.G.Expect(b.scm.asked).NotTo(ContainElement("update canceled"))
		})
	}
}

func TestAPlaceThatAnUnheardMemberMayClaimIsNotCanceledAndHoldsNothingUp(t *testing.T) {
	b := newStandby(t)
	b.Members = []string{"eu", "us"}
	b.TakeOver()
	b.Hear("eu", ledgertest.CommitStatus(ledgertest.On(ledgertest.OtherSHA), ledgertest.Wants("queued"), ledgertest.Told(ledgertest.StatusWith("in_progress", 7))))
	b.G.Expect(b.work(ledgertest.Key)).To(Equal(unsyncedCheck))
	b.G.Expect(b.work(ledgertest.OtherKey)).To(Equal(moveCheck), "most members are heard soon")
	b.Clock.Step(moveCheck)
	b.work(ledgertest.OtherKey)
	b.G.Expect(b.scm.asked).To(Equal([]string{"find", "create queued"}))
	b.scm.found = ledgertest.Shows("in_progress")
	b.G.Expect(b.Hear("us").Keys).To(ContainElement(ledgertest.Key))
	b.work(ledgertest.Key)
	b.G.Expect(b.scm.asked[2:]).To(Equal([]string{"find", "update canceled"}))
}

func TestAnotherWriterCancelsByTheOldCredentialAndMakesItsOwn(t *testing.T) {
	b := inProgress(t)
	next := &scriptedSCM{app: "2", known: true, answer: b.scm.answer}
	b.SetScmProvider("acme", ledgertest.Opened(next))
	b.work(ledgertest.Key)
	b.G.Expect(b.scm.asked).To(Equal([]string{"update canceled"}))
	b.work(ledgertest.Key)
	b.G.Expect(b.scm.asked).To(HaveLen(1))
	b.G.Expect(next.asked).To(Equal([]string{"find", "create in_progress"}))
}

func TestAMoveIsMadeUpForHoweverLateTheScmProvidersAreLoaded(t *testing.T) {
	b := benchOf(t, ledgertest.NewUnloaded(t))
	b.SetScmProvider("acme", nil)
	b.TakeOver()
	b.scm.found = ledgertest.Shows("in_progress")
	b.Hear("eu", ledgertest.CommitStatus(ledgertest.On(ledgertest.OtherSHA), ledgertest.Wants("queued"), ledgertest.Told(ledgertest.StatusWith("in_progress", 7))))
	b.useAccount(ledgertest.AllowAll())
	b.G.Expect(b.Loaded().Keys).To(ContainElements(ledgertest.Key, ledgertest.OtherKey))
	b.work(ledgertest.Key)
	b.G.Expect(b.scm.asked).To(Equal([]string{"find", "update canceled"}))
}

func TestAForgedPlaceIsNotBelievedWhereTheKeyIsKnown(t *testing.T) {
	b := newBench(t)
	b.Hear("us", ledgertest.CommitStatus(ledgertest.CreatedAt(2000), ledgertest.On(ledgertest.OtherSHA)))
	b.Job(ledgertest.OtherKey)
	b.Deleted("us")
	forged := ledgertest.StatusWith("in_progress", 7)
	forged.SHA = ledgertest.OtherSHA
	everybody := ledgertest.AllowAll()
	everybody.Names = []v1alpha1.Pattern{"build"}
	b.useAccount(everybody)
	b.Hear("eu", ledgertest.CommitStatus(ledgertest.Told(forged), func(cs *v1alpha1.CommitStatus) { cs.Spec.Name = "not granted" }))
	b.useAccount(ledgertest.AllowAll())
	b.Clock.Step(releaseDelay)
	b.work(ledgertest.OtherKey)
	b.G.Expect(b.scm.asked).To(BeEmpty(), "nothing was ever written there")
}

func TestRelease_CancelsWhatLostItsGitRepoBeforeItWasDeleted(t *testing.T) {
	for name, between := range map[string]func(*bench){
		"0.3 s before": func(b *bench) { b.Clock.Step(300 * time.Millisecond) },
		"long before":  func(b *bench) { b.Clock.Step(3 * time.Hour); b.work(ledgertest.Key) },
		"and was changed meanwhile, which nothing came of": func(b *bench) { b.Edit("eu", ledgertest.On(ledgertest.OtherSHA), ledgertest.Wants("queued")) },
	} {
		t.Run(name, func(t *testing.T) {
			b := inProgress(t)
			b.NoRepo("eu")
			between(b)
			b.Deleted("eu")
			b.G.Expect(b.work(ledgertest.Key)).To(Equal(releaseDelay), "it may be created again")
			b.Clock.Step(releaseDelay)
			b.work(ledgertest.Key)
			b.work(ledgertest.Key)
			b.G.Expect(b.scm.asked).To(Equal([]string{"update canceled"}))
			b.G.Expect(b.Count().Keys).To(BeZero())
		})
	}
}

func TestRelease_WritesWhatWasDeclaredBeforeTheGitRepoWasDeleted(t *testing.T) {
	b := inProgress(t)
	b.Edit("eu", ledgertest.Wants("failure"))
	b.NoRepo("eu")
	b.Deleted("eu")
	b.Clock.Step(releaseDelay)
	b.work(ledgertest.Key)
	b.G.Expect(b.scm.asked).To(Equal([]string{"update failure"}))
}

func TestRelease_CancelsAfterARestartWhatLostItsGitRepoBefore(t *testing.T) {
	b := takingOver(t)
	b.scm.found = ledgertest.Shows("in_progress")
	b.Token["eu"] = b.Engage("eu", time.Time{})
	b.SetObject("eu", b.Token["eu"], ledgertest.CommitStatus(ledgertest.Wants("in_progress"), ledgertest.Told(ledgertest.StatusWith("in_progress", 7))))
	b.Synced("eu", b.Token["eu"])
	b.Deleted("eu")
	b.Clock.Step(releaseDelay)
	b.work(ledgertest.Key)
	b.G.Expect(b.scm.asked).To(Equal([]string{"find", "update canceled"}), "a status may be forged")
}

func TestRelease_CancelsNothingWithoutGrantOrScmProviderAlthoughTheGitRepoIsGone(t *testing.T) {
	for name, away := range map[string]func(*bench){
		"a grant withdrawn before":     func(b *bench) { b.useAccount(); b.NoRepo("eu"); b.Deleted("eu") },
		"a grant withdrawn in between": func(b *bench) { b.NoRepo("eu"); b.useAccount(); b.Deleted("eu") },
		"a grant withdrawn after":      func(b *bench) { b.NoRepo("eu"); b.Deleted("eu"); b.useAccount() },
		"no ScmProvider":               func(b *bench) { b.SetScmProvider("acme", nil); b.NoRepo("eu"); b.Deleted("eu") },
		"another keeps the key": func(b *bench) {
			b.Hear("us", ledgertest.CommitStatus(ledgertest.CreatedAt(2000)))
			b.NoRepo("us")
			b.NoRepo("eu")
			b.Deleted("eu")
		},
		"it left the member's list": func(b *bench) { b.NoRepo("eu"); b.Hear("eu") },
	} {
		t.Run(name, func(t *testing.T) {
			b := inProgress(t)
			away(b)
			for range 3 {
				b.work(ledgertest.Key)
				b.Clock.Step(time.Minute)
			}
			b.G.Expect(b.scm.asked).To(BeEmpty())
		})
	}
}
