package statustest

import (
	"fmt"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
)

func TestContradictions_AreFound(t *testing.T) {
	good := func() v1alpha1.CommitStatusStatus {
		s := v1alpha1.CommitStatusStatus{
			ScmProvider: "acme", Repo: "github.com/acme/shop", SHA: "0123456789abcdef0123456789abcdef01234567", Name: "build", Phase: "success",
			Provider:   &v1alpha1.ProviderHandle{GitHub: &v1alpha1.GitHubHandle{CheckRunID: 1}},
			Conditions: []metav1.Condition{{Type: v1alpha1.ConditionReady, Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonSynced, ObservedGeneration: 1}},
		}
		s.IsSynced, s.ObservedGeneration = true, 1
		s.Conditions[0].Message = "github.com shows success"
		return s
	}
	NewWithT(t).Expect(Contradictions(good(), 1)).To(BeEmpty())
	for name, spoil := range map[string]func(*v1alpha1.CommitStatusStatus){
		"a failure beside True": func(s *v1alpha1.CommitStatusStatus) {
			s.SyncFailure = &v1alpha1.SyncFailure{Message: s.Conditions[0].Message}
		},
		"False without a failure": func(s *v1alpha1.CommitStatusStatus) {
			s.Conditions[0].Status, s.Conditions[0].Reason, s.IsSynced = "False", "Drifted", false
		},
		"synced while it waits": func(s *v1alpha1.CommitStatusStatus) {
			s.Conditions[0].Status, s.Conditions[0].Reason = "Unknown", "Pending"
		},
		"not synced": func(s *v1alpha1.CommitStatusStatus) { s.IsSynced = false },
		"a condition of others": func(s *v1alpha1.CommitStatusStatus) {
			s.Conditions = append(s.Conditions, metav1.Condition{Type: "Theirs"})
		},
		"another generation":      func(s *v1alpha1.CommitStatusStatus) { s.ObservedGeneration = 2 },
		"two handles":             func(s *v1alpha1.CommitStatusStatus) { s.Provider.Gitea = &v1alpha1.GiteaHandle{StatusID: 1} },
		"a conflict with nobody":  func(s *v1alpha1.CommitStatusStatus) { *s = failed(*s, v1alpha1.ReasonConflict) },
		"a message of many lines": func(s *v1alpha1.CommitStatusStatus) { s.Conditions[0].Message = "a\nb" },
		"a message of many pages": func(s *v1alpha1.CommitStatusStatus) { s.Conditions[0].Message = strings.Repeat("x", 301) },
		"another hash":            func(s *v1alpha1.CommitStatusStatus) { s.ShortSHA = "abc" + fmt.Sprint(1) },
		"nothing that is shown":   func(s *v1alpha1.CommitStatusStatus) { s.Phase = "" },
		"a failure in other words": func(s *v1alpha1.CommitStatusStatus) {
			*s = failed(*s, v1alpha1.ReasonInvalid)
			s.SyncFailure.Message = "other"
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := good()
			spoil(&s)
			NewWithT(t).Expect(Contradictions(s, 1)).NotTo(BeEmpty())
		})
	}
}

func failed(s v1alpha1.CommitStatusStatus, reason string) v1alpha1.CommitStatusStatus {
	s.IsSynced, s.Conditions[0].Status, s.Conditions[0].Reason = false, metav1.ConditionFalse, reason
	s.SyncFailure = &v1alpha1.SyncFailure{Message: s.Conditions[0].Message}
	return s
}
