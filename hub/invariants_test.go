package hub

import (
	"fmt"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
)

// contradictions are what is wrong with a status that answers a generation, by the invariants
// that the API promises.
func contradictions(s v1alpha1.CommitStatusStatus, generation int64) (out []string) {
	if len(s.Conditions) != 1 || s.Conditions[0].Type != v1alpha1.ConditionReady {
		return []string{"it has other conditions than Ready"}
	}
	ready := s.Conditions[0]
	must := func(ok bool, text string) {
		if !ok {
			out = append(out, text)
		}
	}
	must(s.ObservedGeneration == generation && ready.ObservedGeneration == generation, "it answers another generation")
	must((s.SyncFailure != nil) == (ready.Status == metav1.ConditionFalse), "syncFailure <=> Ready=False")
	must(s.SyncFailure == nil || s.SyncFailure.Message == ready.Message, "syncFailure says what Ready says")
	must(!s.IsSynced || ready.Status == metav1.ConditionTrue, "isSynced => Ready=True")
	must(s.IsSynced == (ready.Reason == v1alpha1.ReasonSynced), "isSynced <=> Synced")
	must(utf8.RuneCountInString(ready.Message) <= 300 && strings.IndexFunc(ready.Message, func(r rune) bool { return !unicode.IsPrint(r) }) < 0,
		"the message prints and is short")
	switch ready.Reason {
	case v1alpha1.ReasonSynced, v1alpha1.ReasonAggregated, v1alpha1.ReasonShared:
		must(ready.Status == metav1.ConditionTrue, "Synced, Aggregated and Shared are True")
		must(s.Phase != "" && s.Repo != "" && s.SHA != "", "it says what the SCM shows")
		must(handles(s.Provider) <= 1, "it has one handle")
		must(strings.HasPrefix(s.SHA, s.ShortSHA), "shortSha is the start of sha")
	case v1alpha1.ReasonPending, v1alpha1.ReasonSuspended:
		must(ready.Status == metav1.ConditionUnknown, "Pending and Suspended are Unknown")
	default:
		must(ready.Status == metav1.ConditionFalse, "all other reasons are False")
	}
	if ready.Reason == v1alpha1.ReasonShared || ready.Reason == v1alpha1.ReasonConflict {
		must(strings.Count(s.Owner, "/") == 2, "who does not decide names the owner")
	}
	return out
}

// handles returns how many handles there are.
func handles(p *v1alpha1.ProviderHandle) (n int) {
	if p == nil {
		return 0
	}
	for _, there := range []bool{p.GitHub != nil, p.GitLab != nil, p.BitbucketCloud != nil, p.BitbucketDataCenter != nil, p.Gitea != nil} {
		if there {
			n++
		}
	}
	return n
}

// expectInvariants checks what holds for every status that the hub publishes.
func expectInvariants(g *WithT, s v1alpha1.CommitStatusStatus, generation int64) {
	g.Expect(contradictions(s, generation)).To(BeEmpty(), "%+v", s)
}

func TestContradictions_AreFound(t *testing.T) {
	good := func() v1alpha1.CommitStatusStatus {
		s := statusWith("success", 1)
		s.IsSynced, s.ObservedGeneration = true, 1
		s.Conditions[0].Message = "github.com shows success"
		return s
	}
	NewWithT(t).Expect(contradictions(good(), 1)).To(BeEmpty())
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
			NewWithT(t).Expect(contradictions(s, 1)).NotTo(BeEmpty())
		})
	}
}

func failed(s v1alpha1.CommitStatusStatus, reason string) v1alpha1.CommitStatusStatus {
	s.IsSynced, s.Conditions[0].Status, s.Conditions[0].Reason = false, metav1.ConditionFalse, reason
	s.SyncFailure = &v1alpha1.SyncFailure{Message: s.Conditions[0].Message}
	return s
}
