package v1alpha1_test

import (
	"testing"

	. "github.com/onsi/gomega"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
)

func TestPhase(t *testing.T) {
	for _, c := range []struct {
		phase     v1alpha1.Phase
		canonical v1alpha1.Phase
		known     bool
		terminal  bool
	}{
		{phase: "queued", canonical: v1alpha1.PhaseQueued, known: true},
		{phase: "in_progress", canonical: v1alpha1.PhaseInProgress, known: true},
		{phase: "success", canonical: v1alpha1.PhaseSuccess, known: true, terminal: true},
		{phase: "failure", canonical: v1alpha1.PhaseFailure, known: true, terminal: true},
		{phase: "canceled", canonical: v1alpha1.PhaseCanceled, known: true, terminal: true},
		{phase: "cancelled", canonical: v1alpha1.PhaseCanceled, known: false, terminal: true},
		{phase: "", canonical: "", known: false},
		{phase: "Success", canonical: "Success", known: false},
	} {
		t.Run(string(c.phase), func(t *testing.T) {
			g := NewWithT(t)
			g.Expect(c.phase.Canonical()).To(Equal(c.canonical))
			g.Expect(c.phase.Known()).To(Equal(c.known))
			g.Expect(c.phase.Terminal()).To(Equal(c.terminal))
		})
	}
}

func TestKindIsTheOneSCMThatIsSet(t *testing.T) {
	for _, c := range []struct {
		kind string
		spec v1alpha1.ScmProviderSpec
	}{
		{"github", v1alpha1.ScmProviderSpec{GitHub: &v1alpha1.GitHubSpec{}}},
		{"gitlab", v1alpha1.ScmProviderSpec{GitLab: &v1alpha1.GitLabSpec{}}},
		{"bitbucketCloud", v1alpha1.ScmProviderSpec{BitbucketCloud: &v1alpha1.BitbucketCloudSpec{}}},
		{"bitbucketDataCenter", v1alpha1.ScmProviderSpec{BitbucketDataCenter: &v1alpha1.BitbucketDataCenterSpec{}}},
		{"gitea", v1alpha1.ScmProviderSpec{Gitea: &v1alpha1.GiteaSpec{}}},
		{"", v1alpha1.ScmProviderSpec{}},
		{"", v1alpha1.ScmProviderSpec{GitHub: &v1alpha1.GitHubSpec{}, Gitea: &v1alpha1.GiteaSpec{}}},
	} {
		NewWithT(t).Expect(c.spec.Kind()).To(Equal(c.kind))
	}
}
