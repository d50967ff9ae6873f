package ledger

import (
	"strings"
	"unicode/utf8"

	"k8s.io/apimachinery/pkg/api/equality"
	apimeta "k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
)

const (
	// answeredLimit is how many bytes are kept of a text that a member responded with in place of
	// the one that was sent.
	answeredLimit = 64
	// maxMessage is how many characters a message of the hub has at most, see providers.Sentence.
	maxMessage = 300
)

// answered returns what is kept of a member's response to a patch until its watch brings the
// status. Texts as they were sent share their memory. Of others it keeps the beginning, which
// differs from what was sent: they do not count against the member's limit, and a member may
// withhold the event for as long as it likes.
func answered(sent, kept v1alpha1.CommitStatusStatus) v1alpha1.CommitStatusStatus {
	if equality.Semantic.DeepEqual(sent, kept) {
		return sent
	}
	kept = *kept.DeepCopy()
	theirs := statusTexts(&sent)
	for i, text := range statusTexts(&kept) {
		switch ours := *theirs[i]; {
		case *text == ours:
			*text = ours
		case len(*text) > answeredLimit:
			if *text = strings.Clone(beginning(*text)); *text == ours {
				*text = ""
			}
		}
	}
	return kept
}

// beginning returns as much of a text as answeredLimit allows.
func beginning(text string) string {
	end := answeredLimit
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end]
}

// statusTexts are the texts of a status, always in the same order. One of a field that is not set
// is empty, and is not part of the status.
func statusTexts(s *v1alpha1.CommitStatusStatus) []*string {
	failure, handle := orNew(s.SyncFailure), orNew(s.Provider)
	cloud, dataCenter := orNew(handle.BitbucketCloud), orNew(handle.BitbucketDataCenter)
	ready := orNew(apimeta.FindStatusCondition(s.Conditions, v1alpha1.ConditionReady))
	return []*string{
		&s.ScmProvider, &s.Repo, &s.SHA, &s.ShortSHA, &s.Name, &s.Description, (*string)(&s.Phase), &s.URL, &s.Owner,
		&failure.Message, &handle.Seal, &cloud.Key, &dataCenter.Key,
		(*string)(&ready.Status), &ready.Reason, &ready.Message,
	}
}

// orNew returns what a pointer leads to, or something empty.
func orNew[T any](p *T) *T {
	if p == nil {
		return new(T)
	}
	return p
}

// inShort returns the phase and the Ready condition of a status.
func inShort(st v1alpha1.CommitStatusStatus) v1alpha1.CommitStatusStatus {
	out := v1alpha1.CommitStatusStatus{Phase: st.Phase}
	within(&out.Phase, answeredLimit)
	if ready := apimeta.FindStatusCondition(st.Conditions, v1alpha1.ConditionReady); ready != nil {
		kept := *ready
		within(&kept.Status, answeredLimit)
		within(&kept.Reason, answeredLimit)
		within(&kept.Message, maxMessage)
		out.Conditions = []metav1.Condition{kept}
	}
	return out
}
