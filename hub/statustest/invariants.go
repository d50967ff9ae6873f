// Package statustest checks what the API promises of every status of a CommitStatus.
package statustest

import (
	"strings"
	"unicode"
	"unicode/utf8"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
)

// Contradictions returns what is wrong with a status that answers a generation, by the
// invariants that the API promises.
func Contradictions(s v1alpha1.CommitStatusStatus, generation int64) (out []string) {
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

// ExpectInvariants checks what holds for every status that the hub publishes.
func ExpectInvariants(g *WithT, s v1alpha1.CommitStatusStatus, generation int64) {
	g.Expect(Contradictions(s, generation)).To(BeEmpty(), "%+v", s)
}
