package syncer_test

import (
	"net/http"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/types"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger/ledgertest"
	fakegithub "github.com/argoproj-labs/commit-status-hub/test/scm/github"
	"github.com/argoproj-labs/commit-status-hub/test/scm/wire"
)

const many = 100

func TestRefusedCredential_IsOneQuestionForAllClaims(t *testing.T) {
	everySCM(t, func(t *testing.T, start func() *scmWorld, says own) {
		for _, refusal := range says.refusals() {
			for _, proven := range []bool{false, true} {
				w := start()
				if proven {
					w.wantMany(many, v1alpha1.PhaseQueued)
					w.run(time.Second)
					w.G.Expect(w.reasons()).To(Equal(map[string]int{v1alpha1.ReasonSynced: many}))
				}
				w.refuse(refusal.status, refusal.body)
				w.wantMany(many, v1alpha1.PhaseSuccess)
				from := len(w.Calls())
				w.run(time.Second)
				w.G.Expect(w.reasons()).To(Equal(map[string]int{v1alpha1.ReasonUnavailable: many}), "%d is not final", refusal.status)
				w.run(59 * time.Second)
				w.G.Expect(w.reasons()).To(Equal(map[string]int{refusal.reason: many}), "after %d", refusal.status)
				atMost := 3
				if refusal.status == http.StatusNotFound && proven {
					atMost++ // it may be the status that is gone: a look comes first
				}
				w.G.Expect(w.refused(from)).To(BeNumerically("<=", atMost), "requests that were refused with %d", refusal.status)
				w.G.Expect(w.count(from, fakegithub.OpCreateToken)).To(BeNumerically("<=", 2))
				from = len(w.Calls())
				w.run(9 * time.Minute)
				w.G.Expect(w.refused(from)).To(BeNumerically("<=", 3), "re-checks")

				w.ClearFaults()
				w.run(12 * time.Minute)
				w.G.Expect(w.reasons()).To(Equal(map[string]int{v1alpha1.ReasonSynced: many}), "after %d", refusal.status)
				w.G.Expect(w.credential()).To(BeEmpty())
			}
		}
	})
}

func TestRefusedCredential_TellsWhoWaitsForAProbeAtOnce(t *testing.T) {
	everySCM(t, func(t *testing.T, start func() *scmWorld, says own) {
		for _, refusal := range says.refusals() {
			w := start()
			w.refuse(refusal.status, refusal.body)
			w.wantMany(many, v1alpha1.PhaseQueued)
			w.run(12 * time.Second)
			w.G.Expect(w.reasons()).To(Equal(map[string]int{v1alpha1.ReasonUnavailable: many}))
			w.Clock.Step(time.Minute)
			var probing ledger.Key
			for key := range w.due { // all workers begin at the same time
				job, _, ok := w.Job(key)
				w.G.Expect(ok).To(BeTrue())
				entry, _ := w.MayAsk(key, job, ledger.ClassOf(job.Plan()))
				if entry.Wait == 0 {
					probing = key
				}
				w.due[key] = w.Clock.Now().Add(max(entry.Wait, time.Hour))
			}
			from := len(w.Calls())
			w.Add(probing)
			w.run(time.Millisecond)
			w.G.Expect(w.reasons()).To(Equal(map[string]int{refusal.reason: many}), "after %d", refusal.status)
			w.G.Expect(w.refused(from)).To(Equal(1))
		}
	})
}

func TestRefusedCredential_ThatWorksAgainIsNeverFinal(t *testing.T) {
	everySCM(t, func(t *testing.T, start func() *scmWorld, says own) {
		for _, refusal := range says.refusals() {
			w := start()
			w.want("build-0", v1alpha1.PhaseQueued)
			w.run(time.Second)
			w.G.Expect(w.condition("build-0").Reason).To(Equal(v1alpha1.ReasonSynced))
			w.refuse(refusal.status, refusal.body)
			w.want("build-0", v1alpha1.PhaseSuccess)
			w.want("build-1", v1alpha1.PhaseSuccess)
			for range 4 {
				w.run(time.Second)
				w.G.Expect(w.condition("build-0").Reason).To(Equal(v1alpha1.ReasonUnavailable), "%d", refusal.status)
			}
			w.ClearFaults()
			w.run(2 * time.Second)
			w.G.Expect(w.reasons()).To(Equal(map[string]int{v1alpha1.ReasonSynced: 2}), "%d", refusal.status)
		}
	})
}

func TestRefusedCredential_OneSingle404IsNoRefusal(t *testing.T) {
	everySCM(t, func(t *testing.T, start func() *scmWorld, says own) {
		w := start()
		w.want("build-0", v1alpha1.PhaseQueued)
		w.run(time.Second)
		w.Inject(wire.Fault{Match: forStatuses, Status: 404, Body: says.gone})
		w.want("build-0", v1alpha1.PhaseSuccess)
		w.run(6 * time.Second)
		w.G.Expect(w.condition("build-0").Reason).To(Equal(v1alpha1.ReasonSynced))
	})
}

func TestRefusedCredential_AnswersNoChange(t *testing.T) {
	changes := map[string]func(w *scmWorld){
		"a change of the spec": func(w *scmWorld) { w.want("build-0", v1alpha1.PhaseSuccess) },
		"a new claim":          func(w *scmWorld) { w.want("build-new", v1alpha1.PhaseSuccess) },
		"requestedAt":          func(w *scmWorld) { w.request("build-0") },
		"the ScmProvider":      func(w *scmWorld) { w.open() },
		"its Secret":           func(w *scmWorld) { w.secret["note"] = []byte("of a user"); w.open() },
		"its GitRepo":          func(w *scmWorld) { w.setRepo(2, "first") },
		"a GitRepo made anew":  func(w *scmWorld) { w.setRepo(1, "another") },
		"a GitRepo that was away": func(w *scmWorld) {
			w.apply(w.SetRepo("eu", w.Token["eu"], types.NamespacedName{Namespace: "team-a", Name: "shop"}, nil))
			w.run(time.Second)
			w.setRepo(1, "another")
		},
	}
	everySCM(t, func(t *testing.T, start func() *scmWorld, says own) {
		for name, change := range changes {
			for _, refusal := range says.refusals() {
				w := start()
				w.setRepo(1, "first")
				w.refuse(refusal.status, refusal.body)
				w.wantMany(3, v1alpha1.PhaseFailure)
				w.run(2 * time.Minute)
				w.G.Expect(w.reasons()).To(Equal(map[string]int{refusal.reason: 3}), name)
				from := len(w.Calls())
				w.run(time.Minute)
				change(w)
				w.run(time.Second)
				w.G.Expect(w.refused(from)).To(Equal(1), "%s asks again after %d", name, refusal.status)
				if name == "the ScmProvider" || name == "its Secret" {
					continue
				}
				w.want("build-1", v1alpha1.PhaseCanceled)
				w.run(time.Second)
				w.want("build-2", v1alpha1.PhaseCanceled)
				w.run(time.Second)
				w.setRepo(3, "third")
				w.run(time.Second)
				w.G.Expect(w.refused(from)).To(Equal(1), "at most once in 10 s")
				w.ClearFaults()
				w.run(10 * time.Second)
				w.G.Expect(w.reasons()).To(Equal(map[string]int{v1alpha1.ReasonSynced: len(w.objects)}), name)
			}
		}
	})
}

func TestRefusedCredential_IsAskedOnceIn10sHoweverOftenItsScmProviderChanges(t *testing.T) {
	everySCM(t, func(t *testing.T, start func() *scmWorld, says own) {
		for _, refusal := range says.refusals() {
			w := start()
			w.refuse(refusal.status, refusal.body)
			w.wantMany(3, v1alpha1.PhaseFailure)
			w.run(2 * time.Minute)
			from := len(w.Calls())
			w.run(time.Second)
			w.want("build-0", v1alpha1.PhaseSuccess)
			w.run(time.Second)
			w.G.Expect(w.refused(from)).To(Equal(1))
			w.open()
			w.run(time.Second)
			w.G.Expect(w.refused(from)).To(Equal(2), "the first change is asked at once")
			from = len(w.Calls())
			for range 60 {
				w.open()
				w.run(time.Second)
			}
			w.G.Expect(w.refused(from)).To(BeNumerically("~", 6, 1), "requests that were refused with %d", refusal.status)
			w.ClearFaults()
			w.run(10 * time.Second)
			w.G.Expect(w.reasons()).To(Equal(map[string]int{v1alpha1.ReasonSynced: 3}))
			for range 10 {
				w.open()
				w.want("build-0", map[int64]v1alpha1.Phase{0: v1alpha1.PhaseSuccess, 1: v1alpha1.PhaseFailure}[w.objects["build-0"].Generation%2])
				w.run(time.Millisecond)
				w.G.Expect(w.condition("build-0").Reason).To(Equal(v1alpha1.ReasonSynced), "it works: nothing waits")
			}
		}
	})
}

func TestRefusedCredential_AnswersWhatIsReadAgainUnchanged(t *testing.T) {
	everySCM(t, func(t *testing.T, start func() *scmWorld, says own) {
		for _, refusal := range says.refusals() {
			w := start()
			w.setRepo(1, "first")
			w.refuse(refusal.status, refusal.body)
			w.wantMany(3, v1alpha1.PhaseFailure)
			w.run(2 * time.Minute)
			from := len(w.Calls())
			for range 3 {
				w.setRepo(1, "first")
				for _, cs := range w.objects {
					w.set(cs.DeepCopy())
				}
				w.run(time.Minute)
			}
			w.G.Expect(w.refused(from)).To(BeZero(), "after %d", refusal.status)
		}
	})
}

func TestRefusedCredential_APageOfAProxyIsUnavailable(t *testing.T) {
	everySCM(t, func(t *testing.T, start func() *scmWorld, _ own) {
		for _, status := range []int{401, 403, 404} {
			w := start()
			w.refuse(status, "<html>Forbidden</html>")
			w.want("build-0", v1alpha1.PhaseQueued)
			w.run(3 * time.Minute)
			ready := w.condition("build-0")
			w.G.Expect(ready.Reason).To(Equal(v1alpha1.ReasonUnavailable), ready.Message)
			w.G.Expect(ready.Message).To(Or(ContainSubstring("a proxy may have answered"), ContainSubstring("has no API at spec.github.apiURL")))
			w.ClearFaults()
			w.run(2 * time.Minute)
			w.G.Expect(w.condition("build-0").Reason).To(Equal(v1alpha1.ReasonSynced))
		}
	})
}

func TestRefusedToken_ThatLagsIsTriedAgain(t *testing.T) {
	for _, lag := range []time.Duration{time.Second, 4 * time.Second, 9 * time.Second} {
		w, github := githubWorld(t)
		github.LagTokens(lag)
		w.wantMany(3, v1alpha1.PhaseQueued)
		w.run(14 * time.Second)
		w.G.Expect(w.reasons()).To(Equal(map[string]int{v1alpha1.ReasonSynced: 3}), "a lag of %s", lag)
		w.G.Expect(w.refused(0)).To(BeNumerically("<=", 2))
	}
}

func TestRefusedToken_IsRenewedForAPermission(t *testing.T) {
	w, github := githubWorld(t)
	github.Install(12345, 678, "acme", fakegithub.WithoutChecksWrite())
	w.want("build-0", v1alpha1.PhaseQueued)
	w.run(time.Minute)
	w.G.Expect(w.condition("build-0").Message).To(ContainSubstring("lacks the permission checks:write"))
	github.Install(12345, 678, "acme")
	w.request("build-0")
	w.run(time.Second)
	w.G.Expect(w.condition("build-0").Reason).To(Equal(v1alpha1.ReasonSynced))
}

func TestRefusedToken_OfLongAgoIsRenewed(t *testing.T) {
	w, github := githubWorld(t)
	w.want("build-0", v1alpha1.PhaseQueued)
	w.run(20 * time.Minute)
	github.ExpireTokens()
	w.want("build-0", v1alpha1.PhaseSuccess)
	w.run(6 * time.Second)
	w.G.Expect(w.condition("build-0").Reason).To(Equal(v1alpha1.ReasonSynced))
}

func TestRefusedInstallation_IsFoundAgain(t *testing.T) {
	w, github := githubWorld(t)
	w.wantMany(3, v1alpha1.PhaseQueued)
	w.run(time.Minute)
	github.Uninstall(678)
	w.wantMany(3, v1alpha1.PhaseInProgress)
	w.run(time.Hour)
	w.G.Expect(w.reasons()).To(HaveLen(1))
	w.G.Expect(w.reasons()).NotTo(HaveKey(v1alpha1.ReasonUnavailable))
	github.Install(12345, 999, "acme")
	w.want("build-0", v1alpha1.PhaseSuccess)
	w.run(15 * time.Second)
	w.G.Expect(w.reasons()).To(Equal(map[string]int{v1alpha1.ReasonSynced: 3}))
	w.run(time.Minute)

	github.Uninstall(999)
	github.Install(12345, 1000, "acme")
	w.wantMany(3, v1alpha1.PhaseFailure)
	w.run(25 * time.Second)
	w.G.Expect(w.reasons()).To(Equal(map[string]int{v1alpha1.ReasonSynced: 3}), "installed anew before anybody noticed")
}

func TestRefusedInstallation_ThatIsSuspendedIsAskedAgain(t *testing.T) {
	w, github := githubWorld(t)
	github.Suspend(678, true)
	w.want("build-0", v1alpha1.PhaseQueued)
	w.run(time.Minute)
	w.G.Expect(w.condition("build-0").Message).To(Equal("installation 678 of GitHub App 12345 is suspended"))
	github.Suspend(678, false)
	w.run(10 * time.Minute)
	w.G.Expect(w.condition("build-0").Reason).To(Equal(v1alpha1.ReasonSynced), "by itself")
}

func TestRefusedInstallation_AnswersNoChange(t *testing.T) {
	changes := map[string]func(w *scmWorld){
		"a change of the spec": func(w *scmWorld) { w.want("build-0", v1alpha1.PhaseSuccess) },
		"a new claim":          func(w *scmWorld) { w.want("build-new", v1alpha1.PhaseSuccess) },
		"requestedAt":          func(w *scmWorld) { w.request("build-0") },
	}
	for name, tc := range map[string]struct {
		cause, cure func(*fakegithub.Server)
		given       bool // is installationID
		reason      string
	}{
		"suspended": {
			func(s *fakegithub.Server) { s.Suspend(678, true) }, func(s *fakegithub.Server) { s.Suspend(678, false) },
			false, v1alpha1.ReasonCredentialsInvalid,
		},
		"suspended, given": {
			func(s *fakegithub.Server) { s.Suspend(678, true) }, func(s *fakegithub.Server) { s.Suspend(678, false) },
			true, v1alpha1.ReasonCredentialsInvalid,
		},
		"not installed": {
			func(s *fakegithub.Server) { s.Uninstall(678) }, func(s *fakegithub.Server) { s.Install(12345, 999, "acme") },
			false, v1alpha1.ReasonRepoNotFound,
		},
		"not installed, given": {
			func(s *fakegithub.Server) { s.Uninstall(678) }, func(s *fakegithub.Server) { s.Install(12345, 678, "acme") },
			true, v1alpha1.ReasonCredentialsInvalid,
		},
		"a repository that the App may not see": {
			func(s *fakegithub.Server) { s.RemoveRepo("acme/shop") }, func(s *fakegithub.Server) { s.AddRepo("acme/shop", ledgertest.SHA) },
			false, v1alpha1.ReasonRepoNotFound,
		},
	} {
		for by, change := range changes {
			t.Run(name+", "+by, func(t *testing.T) {
				w, github := githubWorld(t)
				if tc.given {
					w.provider.Spec.GitHub.InstallationID = 678
					w.open()
				}
				tc.cause(github)
				w.wantMany(3, v1alpha1.PhaseQueued)
				w.run(2 * time.Minute)
				w.G.Expect(w.reasons()).To(Equal(map[string]int{tc.reason: 3}))
				tc.cure(github)
				calls := len(w.Calls())
				w.run(time.Minute)
				w.G.Expect(w.Calls()).To(HaveLen(calls), "nothing has changed here")
				change(w)
				w.run(time.Second)
				w.G.Expect(w.reasons()).To(Equal(map[string]int{v1alpha1.ReasonSynced: len(w.objects)}), "it is asked at once")
			})
		}
	}
}

func TestRefusedInstallation_ThatComesAMomentLaterIsFound(t *testing.T) {
	w, github := githubWorld(t)
	github.Uninstall(678)
	w.wantMany(3, v1alpha1.PhaseQueued)
	w.run(2 * time.Second)
	github.Install(12345, 678, "acme")
	w.run(12 * time.Second)
	w.G.Expect(w.reasons()).To(Equal(map[string]int{v1alpha1.ReasonSynced: 3}))
}

func TestRefusedKey_IsToldAndAskedOnce(t *testing.T) {
	w, github := githubWorld(t)
	github.AddApp(12345)
	w.wantMany(many, v1alpha1.PhaseQueued)
	w.run(time.Minute)
	w.G.Expect(w.reasons()).To(Equal(map[string]int{v1alpha1.ReasonCredentialsInvalid: many}))
	w.G.Expect(w.refused(0)).To(BeNumerically("<=", 3))
	w.secret["privateKey"] = github.AddApp(12345)
	w.open()
	w.run(time.Second)
	w.G.Expect(w.reasons()).To(Equal(map[string]int{v1alpha1.ReasonSynced: many}), "another Secret is asked at once")
}

func TestGoneRun_IsMadeAgainAtOnce(t *testing.T) {
	w, github := githubWorld(t)
	w.want("build-0", v1alpha1.PhaseQueued)
	w.run(time.Minute)
	github.DeleteCheckRun(github.CheckRuns("acme/shop", ledgertest.SHA)[0].ID)
	w.want("build-0", v1alpha1.PhaseSuccess)
	w.run(2 * time.Second)
	w.G.Expect(w.condition("build-0").Reason).To(Equal(v1alpha1.ReasonSynced), "nothing was sent that could still land")
}

func TestEnterpriseServerWithoutItsPath_BlamesNoRepository(t *testing.T) {
	for _, status := range []int{http.StatusNotFound, http.StatusNotAcceptable, http.StatusUnprocessableEntity} {
		w, _ := githubWorld(t)
		w.Inject(wire.Fault{Times: -1, Status: status, Body: "<html>Page not found</html>"})
		w.want("build-0", v1alpha1.PhaseQueued)
		w.run(time.Minute)
		ready := w.condition("build-0")
		w.G.Expect(ready.Reason).To(Equal(v1alpha1.ReasonUnavailable))
		w.G.Expect(ready.Message).To(ContainSubstring("has no API at spec.github.apiURL"), "%d", status)
	}
}
