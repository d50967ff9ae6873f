package ledger

import (
	"context"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/types"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
)

const movedSHA = "fedcba9876543210fedcba9876543210fedcba98"

var movedKey = Key{Kind: "github", Host: "github.com", Repository: "acme/shop", SHA: movedSHA, Name: "build"}

func on(sha string) func(*v1alpha1.CommitStatus) {
	return func(cs *v1alpha1.CommitStatus) { cs.Spec.SHA = sha }
}

// edit changes a cluster's CommitStatus.
func (f *fleet) edit(cluster string, edit ...func(*v1alpha1.CommitStatus)) {
	cs := testStatus(edit...)
	cs.UID = f.objectAt(idIn(cluster)).source.UID
	f.SetObject(cluster, f.token[cluster], cs)
}

func (f *fleet) deleted(cluster string) {
	f.RemoveObject(cluster, f.token[cluster], types.NamespacedName{Namespace: "team-a", Name: "build"}, Deleted)
}

// work has a key worked on once.
func (b *bench) work(key Key) time.Duration {
	b.g.THelper()
	result, err := b.syncer.Reconcile(context.Background(), key)
	b.g.Expect(err).NotTo(HaveOccurred())
	return result.RequeueAfter
}

// inProgress is a bench whose eu has a run in progress.
func inProgress(t *testing.T, edit ...func(*v1alpha1.CommitStatus)) *bench {
	b := newBench(t)
	b.hear("eu", testStatus(append(edit, wants("in_progress"))...))
	b.work(testKey)
	b.scm.asked = nil
	return b
}

func TestTheOldPlaceIsCanceledBeforeTheNewOneIsWritten(t *testing.T) {
	b := inProgress(t)
	b.edit("eu", on(movedSHA), wants("queued"))
	b.g.Expect(b.work(movedKey)).To(Equal(moveCheck), "the old place comes first")
	b.work(testKey)
	b.work(movedKey)
	b.g.Expect(b.scm.asked).To(Equal([]string{"update canceled", "create queued"}))
}

func TestWhatWasDeclaredForTheOldPlaceIsWrittenInPlaceOfCanceled(t *testing.T) {
	b := inProgress(t)
	b.edit("eu", wants("failure"))
	b.edit("eu", on(movedSHA), wants("queued"))
	b.work(testKey)
	b.work(movedKey)
	b.g.Expect(b.scm.asked).To(Equal([]string{"update failure", "create queued"}))
}

func TestAnOldPlaceThatNeedsNoEndHoldsNothingUp(t *testing.T) {
	for name, prepare := range map[string]func(*bench){
		"it is done":              func(b *bench) { b.edit("eu", wants("success")); b.work(testKey) },
		"somebody else claims it": func(b *bench) { b.hear("us", testStatus(createdAt(2000), wants("in_progress"))) },
		"somebody else keeps it": func(b *bench) {
			b.hear("us", testStatus(createdAt(2000)))
			b.SetRepo("us", b.token["us"], types.NamespacedName{Namespace: "team-a", Name: "shop"}, nil)
		},
		"nothing was written":    func(b *bench) { b.entryOf(testKey).Shown = nil },
		"it was seen to be done": func(b *bench) { b.entryOf(testKey).Shown = shows("failure") },
	} {
		t.Run(name, func(t *testing.T) {
			b := inProgress(t)
			prepare(b)
			b.scm.asked = nil
			b.edit("eu", on(movedSHA), wants("queued"))
			b.work(movedKey)
			b.work(testKey)
			b.g.Expect(b.scm.asked).To(Equal([]string{"create queued"}))
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
			b.edit("eu", on(movedSHA), wants("queued"))
			b.work(testKey)
			b.g.Expect(b.warnings).To(Equal([]string{
				"eu/build CancelFailed: github.com may still show build as unfinished on 0123456 of Acme/Shop: " + err.Message,
			}))
			b.scm.answer = answer
			b.work(movedKey)
			b.work(testKey)
			b.now.Step(time.Hour)
			b.work(testKey)
			b.g.Expect(b.scm.asked).To(Equal([]string{"update canceled", "create queued"}), "there is one attempt")
		})
	}
}

func TestAPauseIsNoAttemptToCancel(t *testing.T) {
	b := inProgress(t)
	answer := b.scm.answer
	b.scm.answer = func(providers.Status) (providers.Shown, error) {
		return providers.Shown{}, providers.Errorf(v1alpha1.ReasonPending, "paused")
	}
	b.edit("eu", on(movedSHA), wants("queued"))
	b.work(testKey)
	b.g.Expect(b.warnings).To(BeEmpty())
	b.g.Expect(b.queue.Len()).To(Equal(1), "back in its lane")
	b.scm.answer = answer
	b.work(testKey)
	b.work(movedKey)
	b.g.Expect(b.scm.asked).To(Equal([]string{"update canceled", "update canceled", "create queued"}))
}

// otherLane is an account in another installation.
type otherLane struct{ *scriptedSCM }

func (otherLane) Lane(string) (string, bool) { return "other lane", true }

func TestAnotherInstallationsPauseHoldsUpNoMove(t *testing.T) {
	b := inProgress(t)
	b.blocked = func(lane string) bool { return lane == "lane" }
	other := testSCM(allowAll())
	other.name, other.account = "other", otherLane{b.scm}
	b.SetScmProvider("other", other)
	repo := testRepo()
	repo.Spec.ScmProviderRef.Name, repo.Spec.Repository = "other", "acme/cart"
	b.SetRepo("eu", b.token["eu"], types.NamespacedName{Namespace: "team-a", Name: "shop"}, repo)
	cart := testKey
	cart.Repository = "acme/cart"
	b.work(cart)
	b.g.Expect(b.scm.asked).To(Equal([]string{"create in_progress"}))
	b.blocked = func(string) bool { return false }
	b.now.Step(50 * time.Minute)
	b.work(testKey)
	b.g.Expect(b.scm.asked).To(Equal([]string{"create in_progress", "update canceled"}), "it is made up for within the hour")
}

func TestAnEndThatWasHeldBackForAnHourIsGivenUp(t *testing.T) {
	b := inProgress(t)
	b.edit("eu", on(movedSHA), wants("queued"))
	b.now.Step(abandonmentTTL)
	b.work(testKey)
	b.work(movedKey)
	b.g.Expect(b.scm.asked).To(Equal([]string{"create queued"}))
}

func TestTheLastDeletedClaimIsCanceledAWhileLater(t *testing.T) {
	b := inProgress(t)
	b.deleted("eu")
	b.g.Expect(b.work(testKey)).To(Equal(releaseDelay))
	b.now.Step(releaseDelay)
	b.work(testKey)
	b.work(testKey)
	b.g.Expect(b.scm.asked).To(Equal([]string{"update canceled"}))
	b.g.Expect(b.keys).To(BeZero())
}

func TestAnObjectThatIsReplacedCancelsNothing(t *testing.T) {
	b := inProgress(t)
	b.deleted("eu")
	b.now.Step(time.Second)
	b.SetObject("eu", b.token["eu"], testStatus(wants("in_progress"), func(cs *v1alpha1.CommitStatus) { cs.UID = "uid-2" }))
	b.work(testKey)
	b.now.Step(time.Hour)
	b.work(testKey)
	b.g.Expect(b.scm.asked).To(BeEmpty())
}

func TestWhatMayComeBackCancelsNothing(t *testing.T) {
	name := types.NamespacedName{Namespace: "team-a", Name: "shop"}
	for what, away := range map[string]func(*bench){
		"a missing GitRepo":             func(b *bench) { b.SetRepo("eu", b.token["eu"], name, nil) },
		"a missing ScmProvider":         func(b *bench) { b.SetScmProvider("acme", nil) },
		"a withdrawn grant":             func(b *bench) { b.useAccount() },
		"a member that is let go":       func(b *bench) { b.Disengage("eu", b.token["eu"]) },
		"a namespace that is left out":  func(b *bench) { b.hear("eu") },
		"a claim that it was not for":   func(b *bench) { b.useAccount(); b.deleted("eu") },
		"a grant withdrawn from a move": func(b *bench) { b.edit("eu", on(movedSHA), wants("queued")); b.useAccount() },
	} {
		t.Run(what, func(t *testing.T) {
			b := inProgress(t)
			away(b)
			for range 3 {
				b.work(testKey)
				b.now.Step(time.Minute)
			}
			b.g.Expect(b.scm.asked).To(BeEmpty())
		})
	}
}

func TestAClaimKeepsItsLastKeyWhileAReferenceIsMissing(t *testing.T) {
	b := inProgress(t)
	name := types.NamespacedName{Namespace: "team-a", Name: "shop"}
	b.SetRepo("eu", b.token["eu"], name, nil)
	b.now.Step(time.Hour)
	b.work(testKey)
	repo := testRepo()
	repo.Spec.Repository = "acme/cart"
	b.SetRepo("eu", b.token["eu"], name, repo)
	cart := testKey
	cart.Repository = "acme/cart"
	b.work(testKey)
	b.work(cart)
	b.g.Expect(b.scm.asked).To(Equal([]string{"update canceled", "create in_progress"}), "it was a move, after all")
}

func TestAMoveWhileNoHubWasThereIsMadeUpFor(t *testing.T) {
	b := newBench(t)
	b.takeOver()
	b.scm.found = shows("in_progress")
	b.hear("eu", testStatus(on(movedSHA), wants("queued"), told(statusWith("in_progress", 7))))
	b.g.Expect(b.work(movedKey)).To(Equal(moveCheck))
	b.work(testKey)
	b.scm.found = nil
	b.work(movedKey)
	b.g.Expect(b.scm.asked).To(Equal([]string{"find", "update canceled", "find", "create queued"}), "a status may be forged")
}

func TestAForgedPlaceCancelsNothing(t *testing.T) {
	for name, forge := range map[string]func(*v1alpha1.CommitStatusStatus, *bench){
		"no grant covers it":  func(s *v1alpha1.CommitStatusStatus, _ *bench) { s.Repo = "github.com/other/shop" },
		"another host":        func(s *v1alpha1.CommitStatusStatus, _ *bench) { s.Repo = "git.example.com/acme/shop" },
		"no such ScmProvider": func(s *v1alpha1.CommitStatusStatus, _ *bench) { s.ScmProvider = "other" },
		"no hash":             func(s *v1alpha1.CommitStatusStatus, _ *bench) { s.SHA = "main" },
		"the run is not ours": func(_ *v1alpha1.CommitStatusStatus, b *bench) { b.scm.found = nil },
		"it is done in fact":  func(_ *v1alpha1.CommitStatusStatus, b *bench) { b.scm.found = shows("success") },
		"somebody else claims it": func(_ *v1alpha1.CommitStatusStatus, b *bench) {
			b.hear("us", testStatus(wants("in_progress"), told(statusWith("in_progress", 7))))
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.takeOver()
			b.useAccount(v1alpha1.Grant{Clusters: []v1alpha1.Pattern{"*"}, Repositories: []v1alpha1.Pattern{"acme/*"}})
			b.scm.found = shows("in_progress")
			status := statusWith("in_progress", 7)
			forge(&status, b)
			b.hear("eu", testStatus(on(movedSHA), wants("queued"), told(status)))
			forged := Key{Kind: "github", Host: "github.com", Repository: "other/shop", SHA: testSHA, Name: "build"}
			for _, key := range []Key{testKey, forged, movedKey} {
				b.work(key)
			}
			b.g.Expect(b.scm.asked).NotTo(ContainElement("update canceled"))
		})
	}
}

func TestAPlaceThatAnUnheardMemberMayClaimIsNotCanceledAndHoldsNothingUp(t *testing.T) {
	b := newBench(t)
	b.members = []string{"eu", "us"}
	b.takeOver()
	b.hear("eu", testStatus(on(movedSHA), wants("queued"), told(statusWith("in_progress", 7))))
	b.g.Expect(b.work(testKey)).To(Equal(unsyncedCheck))
	b.g.Expect(b.work(movedKey)).To(Equal(moveCheck), "most members are heard soon")
	b.now.Step(moveCheck)
	b.work(movedKey)
	b.g.Expect(b.scm.asked).To(Equal([]string{"find", "create queued"}))
	b.scm.found = shows("in_progress")
	b.g.Expect(b.hear("us").Keys).To(ContainElement(testKey))
	b.work(testKey)
	b.g.Expect(b.scm.asked[2:]).To(Equal([]string{"find", "update canceled"}))
}

func TestAnotherWriterCancelsByTheOldCredentialAndMakesItsOwn(t *testing.T) {
	b := inProgress(t)
	next := &scriptedSCM{app: "2", known: true, answer: b.scm.answer}
	s := testSCM(allowAll())
	s.account = next
	b.SetScmProvider("acme", s)
	b.work(testKey)
	b.g.Expect(b.scm.asked).To(Equal([]string{"update canceled"}))
	b.work(testKey)
	b.g.Expect(b.scm.asked).To(HaveLen(1))
	b.g.Expect(next.asked).To(Equal([]string{"find", "create in_progress"}))
}

func TestAMoveIsMadeUpForHoweverLateTheScmProvidersAreLoaded(t *testing.T) {
	b := newBench(t)
	b.takeOver()
	b.loaded = false
	b.SetScmProvider("acme", nil)
	b.scm.found = shows("in_progress")
	b.hear("eu", testStatus(on(movedSHA), wants("queued"), told(statusWith("in_progress", 7))))
	b.useAccount(allowAll())
	b.g.Expect(b.Loaded().Keys).To(ContainElements(testKey, movedKey))
	b.work(testKey)
	b.g.Expect(b.scm.asked).To(Equal([]string{"find", "update canceled"}))
}

func TestAForgedPlaceIsNotBelievedWhereTheKeyIsKnown(t *testing.T) {
	b := newBench(t)
	b.hear("us", testStatus(createdAt(2000), on(movedSHA)))
	b.Job(movedKey)
	b.deleted("us")
	forged := statusWith("in_progress", 7)
	forged.SHA = movedSHA
	everybody := allowAll()
	everybody.Names = []v1alpha1.Pattern{"build"}
	b.useAccount(everybody)
	b.hear("eu", testStatus(told(forged), func(cs *v1alpha1.CommitStatus) { cs.Spec.Name = "not granted" }))
	b.useAccount(allowAll())
	b.now.Step(releaseDelay)
	b.work(movedKey)
	b.g.Expect(b.scm.asked).To(BeEmpty(), "nothing was ever written there")
}

// noRepo deletes a cluster's GitRepo.
func (f *fleet) noRepo(cluster string) {
	f.SetRepo(cluster, f.token[cluster], types.NamespacedName{Namespace: "team-a", Name: "shop"}, nil)
}

func TestRelease_CancelsWhatLostItsGitRepoBeforeItWasDeleted(t *testing.T) {
	for name, between := range map[string]func(*bench){
		"0.3 s before": func(b *bench) { b.now.Step(300 * time.Millisecond) },
		"long before":  func(b *bench) { b.now.Step(3 * time.Hour); b.work(testKey) },
		"and was changed meanwhile, which nothing came of": func(b *bench) { b.edit("eu", on(movedSHA), wants("queued")) },
	} {
		t.Run(name, func(t *testing.T) {
			b := inProgress(t)
			b.noRepo("eu")
			between(b)
			b.deleted("eu")
			b.g.Expect(b.work(testKey)).To(Equal(releaseDelay), "it may be created again")
			b.now.Step(releaseDelay)
			b.work(testKey)
			b.work(testKey)
			b.g.Expect(b.scm.asked).To(Equal([]string{"update canceled"}))
			b.g.Expect(b.keys).To(BeZero())
		})
	}
}

func TestRelease_WritesWhatWasDeclaredBeforeTheGitRepoWasDeleted(t *testing.T) {
	b := inProgress(t)
	b.edit("eu", wants("failure"))
	b.noRepo("eu")
	b.deleted("eu")
	b.now.Step(releaseDelay)
	b.work(testKey)
	b.g.Expect(b.scm.asked).To(Equal([]string{"update failure"}))
}

func TestRelease_CancelsAfterARestartWhatLostItsGitRepoBefore(t *testing.T) {
	b := newBench(t)
	b.takeOver()
	b.scm.found = shows("in_progress")
	b.token["eu"] = b.Engage("eu", time.Time{})
	b.SetObject("eu", b.token["eu"], testStatus(wants("in_progress"), told(statusWith("in_progress", 7))))
	b.Synced("eu", b.token["eu"])
	b.deleted("eu")
	b.now.Step(releaseDelay)
	b.work(testKey)
	b.g.Expect(b.scm.asked).To(Equal([]string{"find", "update canceled"}), "a status may be forged")
}

func TestRelease_CancelsNothingWithoutGrantOrScmProviderAlthoughTheGitRepoIsGone(t *testing.T) {
	for name, away := range map[string]func(*bench){
		"a grant withdrawn before":     func(b *bench) { b.useAccount(); b.noRepo("eu"); b.deleted("eu") },
		"a grant withdrawn in between": func(b *bench) { b.noRepo("eu"); b.useAccount(); b.deleted("eu") },
		"a grant withdrawn after":      func(b *bench) { b.noRepo("eu"); b.deleted("eu"); b.useAccount() },
		"no ScmProvider":               func(b *bench) { b.SetScmProvider("acme", nil); b.noRepo("eu"); b.deleted("eu") },
		"another keeps the key": func(b *bench) {
			b.hear("us", testStatus(createdAt(2000)))
			b.noRepo("us")
			b.noRepo("eu")
			b.deleted("eu")
		},
		"it left the member's list": func(b *bench) { b.noRepo("eu"); b.hear("eu") },
	} {
		t.Run(name, func(t *testing.T) {
			b := inProgress(t)
			away(b)
			for range 3 {
				b.work(testKey)
				b.now.Step(time.Minute)
			}
			b.g.Expect(b.scm.asked).To(BeEmpty())
		})
	}
}
