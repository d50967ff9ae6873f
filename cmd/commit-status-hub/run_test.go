package main

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/argoproj-labs/commit-status-hub/hub"
)

func TestFlagsThatMakeNoSenseAreRefusedByName(t *testing.T) {
	for flag, args := range map[string][]string{
		"--namespace":                   {"--namespace="},
		"--workers":                     {"--workers=0"},
		"--unheard-grace":               {"--unheard-grace=-1s"},
		"--member-object-limit":         {"--member-object-limit=0"},
		"--fleet-object-limit":          {"--fleet-object-limit=-1"},
		"--leader-elect-lease-duration": {"--leader-elect-lease-duration=5s"},
	} {
		t.Run(flag, func(t *testing.T) {
			cmd := newRoot()
			cmd.SetArgs(append([]string{"run"}, args...))
			err := cmd.Execute()
			g := NewWithT(t)
			g.Expect(err).To(HaveOccurred())
			g.Expect(err.Error()).To(ContainSubstring(flag))
		})
	}
}

func TestTheNamespaceComesFromThePod(t *testing.T) {
	g := NewWithT(t)
	g.Expect(newRun().Flag("namespace").DefValue).To(Equal("commit-status-system"))
	t.Setenv("POD_NAMESPACE", "hub")
	g.Expect(newRun().Flag("namespace").DefValue).To(Equal("hub"))
}

func TestWithoutLeaderElectionItsTimesDoNotMatter(t *testing.T) {
	o := hub.Options{Namespace: "x", Workers: 1, MemberObjectLimit: 1, LeaseDuration: time.Second, RenewDeadline: time.Hour}
	NewWithT(t).Expect(check(o)).To(Succeed())
}

func TestVersion(t *testing.T) {
	for _, arg := range []string{"version", "--version"} {
		g := NewWithT(t)
		code, out, _ := status(t, arg)
		g.Expect(code).To(Equal(0))
		g.Expect(out).To(Equal(version + "\n"))
	}
}
