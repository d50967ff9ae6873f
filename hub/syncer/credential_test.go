package syncer_test

import (
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/test/scm/wire"
)

// credential is what the SCM said last of the credential, as REASON: MESSAGE, "" for nothing.
func (w *scmWorld) credential() string {
	said := w.Credential("acme")
	if said == nil {
		return ""
	}
	return said.Reason + ": " + said.Message
}

func TestCredential_IsWhatTheSCMSaidLast(t *testing.T) {
	everySCM(t, func(t *testing.T, start func() *scmWorld, says own) {
		w := start()
		w.G.Expect(w.credential()).To(BeEmpty())
		w.refuse(401, says.unauthorized)
		w.want("build-0", v1alpha1.PhaseQueued)
		w.run(5 * time.Second)
		w.G.Expect(w.credential()).To(BeEmpty(), "it is not final")
		w.told = nil
		w.run(20 * time.Second)
		w.G.Expect(w.credential()).To(HavePrefix(v1alpha1.ReasonCredentialsInvalid + ": "))
		w.G.Expect(w.told).NotTo(BeEmpty())
		w.ClearFaults()
		w.told = nil
		w.run(10 * time.Minute)
		w.G.Expect(w.credential()).To(BeEmpty(), "it works")
		w.G.Expect(w.told).NotTo(BeEmpty())

		w.Inject(wire.Fault{Times: -1, Status: 503})
		w.want("build-0", v1alpha1.PhaseSuccess)
		w.run(5 * time.Second)
		w.G.Expect(w.credential()).To(BeEmpty(), "a blip")
		w.run(time.Minute)
		w.G.Expect(w.credential()).To(HavePrefix(v1alpha1.ReasonUnavailable + ": "))
		w.ClearFaults()
		w.run(2 * time.Minute)
		w.G.Expect(w.credential()).To(BeEmpty())
	})
}

func TestCredential_SaysNothingOfOneRepository(t *testing.T) {
	everySCM(t, func(t *testing.T, start func() *scmWorld, says own) {
		w := start()
		w.refuse(404, says.gone)
		w.want("build-0", v1alpha1.PhaseQueued)
		w.run(time.Minute)
		w.G.Expect(w.condition("build-0").Reason).To(Equal(v1alpha1.ReasonRepoNotFound))
		w.G.Expect(w.credential()).To(BeEmpty())
	})
}

func TestCredential_TellsAWrongAppAndAWrongInstallation(t *testing.T) {
	w, _ := githubWorld(t)
	w.provider.Spec.GitHub.AppID = 99
	w.open()
	w.want("build-0", v1alpha1.PhaseQueued)
	w.run(time.Minute)
	w.G.Expect(w.credential()).To(ContainSubstring("knows no GitHub App 99"))
	w.provider.Spec.GitHub.AppID, w.provider.Spec.GitHub.InstallationID = 12345, 4711
	w.open()
	w.G.Expect(w.credential()).To(BeEmpty(), "it was not tried yet")
	w.run(time.Minute)
	w.G.Expect(w.credential()).To(ContainSubstring("has no installation 4711"))
}

// wantNoCommit has a CommitStatus be about a commit that the SCM does not have.
func (w *scmWorld) wantNoCommit(name string) {
	cs := w.objects[name].DeepCopy()
	cs.Generation++
	cs.Spec.SHA = strings.Repeat("e", 40)
	w.set(cs)
}

func TestCredential_WorksWhereTheSCMMissesACommit(t *testing.T) {
	everySCM(t, func(t *testing.T, start func() *scmWorld, says own) {
		for name, fault := range map[string]wire.Fault{
			"an outage": {Match: forStatuses, Times: -1, Status: 503}, "a refusal": {Match: forStatuses, Times: -1, Status: 401, Body: says.unauthorized},
		} {
			w := start()
			w.Inject(fault)
			w.want("build-0", v1alpha1.PhaseQueued)
			w.run(2 * time.Minute)
			w.G.Expect(w.credential()).NotTo(BeEmpty(), name)
			w.ClearFaults()
			w.told = nil
			w.wantNoCommit("build-0")
			w.run(12 * time.Minute)
			w.G.Expect(w.condition("build-0").Reason).To(Equal(v1alpha1.ReasonCommitNotFound), name)
			w.G.Expect(w.credential()).To(BeEmpty(), name)
			w.G.Expect(w.told).To(ContainElement("acme"), name)
		}
	})
}
