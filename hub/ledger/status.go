package ledger

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	apimeta "k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
)

// ShortSHA is how much of a hash tables show: as much as GitHub's pages do.
const ShortSHA = 7

// shortSHA returns the start of a commit's full hash, "" for another text.
func shortSHA(sha string) string {
	if !isFullSHA(sha) {
		return ""
	}
	return strings.ToLower(sha[:ShortSHA])
}

// statusInput is how one claimant stands: what statusOf needs to know.
type statusInput struct {
	// generation is the generation of the spec that is answered.
	generation int64
	// before is the status that the object has now.
	before v1alpha1.CommitStatusStatus
	// problem says why the object claims nothing.
	problem *providers.Error
	// sha is the commit of the spec.
	sha string

	claim   Claim
	verdict Verdict
	shown   *providers.Shown
	// certain reports whether shown was read or written by this process, or is proven.
	certain bool
	// lost reports whether what is shown may have changed: a write was not answered, or not
	// told by the hub before this one.
	lost    bool
	failure *providers.Error
	// pending is what to tell while the key waits for its installation, nil for
	// nothing.
	pending *pending
	// writer is the ScmProvider that wrote or read shown, at updatedAt.
	writer    string
	updatedAt time.Time
	dialect   providers.Dialect
	// title is the SCM's name for people.
	title string
	// drifted reports whether shown is somebody else's change.
	drifted bool
	// suspended reports whether nothing is sent through the claim's ScmProvider.
	suspended bool
	// moving reports whether the claim's last place is to be ended first.
	moving bool
}

// statusOf works out the status of a CommitStatus. ok is false while the SCM is
// yet to be brought to what the claims want and there is nothing to tell about
// the wait: the old status then stays.
func statusOf(s statusInput, now time.Time) (_ v1alpha1.CommitStatusStatus, ok bool) {
	switch {
	case s.problem != nil:
		// It keeps its place, so that what was shown there can be ended or found again. Who
		// claims nothing has no owner beside it.
		out := *s.before.DeepCopy()
		out.Owner = ""
		return finish(out, s, now, metav1.ConditionFalse, s.problem.Reason, s.problem.Message), true
	case s.suspended:
		return suspendedStatus(s, now), true
	case s.failure != nil:
		return finish(mirror(s), s, now, metav1.ConditionFalse, s.failure.Reason, s.failure.Message), true
	case s.drifted && s.dialect != nil && !s.lost:
		message := driftMessage(s.title, s.shown, s.dialect.Render(s.verdict.Want))
		return finish(mirror(s), s, now, metav1.ConditionFalse, v1alpha1.ReasonDrifted, message), true
	case s.dialect == nil || s.lost || !s.shows(s.verdict.Want):
		return waiting(s, now)
	}
	out := mirror(s)
	if s.dialect.Next(s.shown, s.claim.Want) != providers.StepNone {
		if s.verdict.Joined != nil {
			return finish(out, s, now, metav1.ConditionTrue, v1alpha1.ReasonAggregated, aggregated(s)), true
		}
		return overshadowed(out, s, now), true
	}
	out.IsSynced = true
	return finish(out, s, now, metav1.ConditionTrue, v1alpha1.ReasonSynced,
		fmt.Sprintf("%s shows %s", s.claim.Key.Host, out.Phase)), true
}

// shows reports whether the SCM shows what the claims on the key want.
func (s statusInput) shows(want providers.Status) bool {
	dialect := s.dialect
	if s.verdict.Joined != nil {
		dialect = joined{dialect}
	}
	return dialect.Next(s.shown, want) == providers.StepNone
}

// overshadowed is the status of a claimant that wants something else than the owner of its
// key, which is shown.
func overshadowed(out v1alpha1.CommitStatusStatus, s statusInput, now time.Time) v1alpha1.CommitStatusStatus {
	owner, want := s.verdict.Owner, s.dialect.Render(s.claim.Want)
	if samePhase(s.dialect, s.claim.Want, s.verdict.Want) {
		out.Phase = s.claim.Want.Phase
		want.Phase = s.shown.Phase
		return finish(out, s, now, metav1.ConditionTrue, v1alpha1.ReasonShared, providers.Sentence(fmt.Sprintf(
			"%s shows %s with %s, as %s wants it; here it is %s",
			s.claim.Key.Host, out.Phase, Differing(s.shown.Status, want), owner.Object, wanted(s.shown.Status, want))))
	}
	message := fmt.Sprintf("%s shows %s, as %s wants it; here it is %s",
		s.claim.Key.Host, Differing(s.shown.Status, want), owner.Object, wanted(s.shown.Status, want))
	if s.claim.Made.Before(owner.Made) {
		message += "; no claim counts as older than its cluster's Secret on the hub"
	}
	return finish(out, s, now, metav1.ConditionFalse, v1alpha1.ReasonConflict, providers.Sentence(message))
}

// samePhase reports whether an SCM shows the phases of two statuses alike.
func samePhase(dialect providers.Dialect, a, b providers.Status) bool {
	if dialect == nil {
		return a.Phase == b.Phase
	}
	return dialect.Render(providers.Status{Phase: a.Phase}).Phase == dialect.Render(providers.Status{Phase: b.Phase}).Phase
}

// waiting is the status of a claimant, owner or not, whose key has to change yet.
func waiting(s statusInput, now time.Time) (_ v1alpha1.CommitStatusStatus, ok bool) {
	if s.pending == nil {
		return v1alpha1.CommitStatusStatus{}, false
	}
	ready := metav1.ConditionUnknown
	if s.pending.reason == v1alpha1.ReasonUnavailable {
		ready = metav1.ConditionFalse
	}
	out := mirror(s)
	if s.moving || s.verdict.WaitFor != "" {
		// What it tells is needed yet.
		out = *s.before.DeepCopy()
		out.IsSynced = false
	}
	return finish(out, s, now, ready, s.pending.reason, s.pending.message), true
}

// mirror returns a status with what the SCM shows.
func mirror(s statusInput) v1alpha1.CommitStatusStatus {
	out := v1alpha1.CommitStatusStatus{
		Conditions: s.before.DeepCopy().Conditions,
		Repo:       s.claim.Key.Host + "/" + s.claim.Repository,
		SHA:        s.claim.Key.SHA,
		ShortSHA:   s.claim.Key.SHA[:ShortSHA],
	}
	if s.claim.Object != s.verdict.Owner.Object {
		out.Owner = s.verdict.Owner.Object.String()
	}
	if s.shown == nil {
		return out
	}
	out.Name = s.claim.Name
	shown := storable(s.shown.Status, s.rendered())
	out.Description, out.Phase, out.URL = shown.Description, shown.Phase, shown.URL
	if s.dialect != nil && s.dialect.Next(s.shown, s.claim.Want) == providers.StepNone {
		// Where the SCM has one word for several phases, the spec's stands for it.
		out.Phase = s.claim.Want.Phase
	}
	out.Provider = s.shown.Handle.DeepCopy()
	if s.certain && !s.lost && !s.shown.Foreign {
		// A seal proves what this hub wrote. That another run is foreign is in no status.
		out.Provider.Seal = sealDue
	}
	out.ScmProvider = s.writer
	if !s.updatedAt.IsZero() {
		at := metav1.NewTime(s.updatedAt.UTC().Truncate(time.Second))
		out.UpdatedAt = &at
	}
	return out
}

// rendered is what the claim itself wants, as the SCM shows it.
func (s statusInput) rendered() providers.Status {
	if s.dialect == nil {
		return s.claim.Want
	}
	return s.dialect.Render(s.claim.Want)
}

// finish sets the Ready condition, and what goes with it.
func finish(out v1alpha1.CommitStatusStatus, s statusInput, now time.Time, ready metav1.ConditionStatus, reason, message string) v1alpha1.CommitStatusStatus {
	out.ObservedGeneration = s.generation
	if out.SHA == "" {
		// Nothing is tracked yet: tables show which commit the spec has.
		out.ShortSHA = shortSHA(s.sha)
	}
	out.SyncFailure = nil
	message = providers.Sentence(message) // others' words may be in it
	out.Conditions = slices.DeleteFunc(out.Conditions, func(c metav1.Condition) bool { return c.Type != v1alpha1.ConditionReady })
	if ready == metav1.ConditionFalse {
		out.IsSynced = false
		out.SyncFailure = &v1alpha1.SyncFailure{Message: message}
	}
	bound(&out)
	if !answersSpec(reason) {
		// What is shown may change before the status does.
		out = Unsealed(out)
	}
	apimeta.SetStatusCondition(&out.Conditions, metav1.Condition{
		Type:               v1alpha1.ConditionReady,
		Status:             ready,
		Reason:             reason,
		Message:            message,
		ObservedGeneration: s.generation,
		LastTransitionTime: metav1.NewTime(now.UTC().Truncate(time.Second)),
	})
	return out
}

// bound cuts the texts of a status to the size that the CRD and the ledger keep of them,
// whatever an SCM shows and whatever others wrote: two descriptions of that size and their
// object stay far below the 1.5 MiB that etcd takes.
func bound(s *v1alpha1.CommitStatusStatus) {
	within(&s.ScmProvider, maxOther)
	within(&s.Repo, maxOther)
	within(&s.SHA, maxOther)
	within(&s.ShortSHA, maxOther)
	within(&s.Name, maxName)
	within(&s.Description, maxDescription)
	within(&s.Phase, maxOther)
	within(&s.URL, maxURL)
	within(&s.Owner, maxOther)
}

func within[T ~string](text *T, limit int) {
	if len(*text) > limit && utf8.RuneCountInString(string(*text)) > limit {
		*text = T([]rune(string(*text))[:limit])
	}
}

// aggregated tells a claimant what is shown in its stead, and because of whom.
func aggregated(s statusInput) string {
	want := s.dialect.Render(s.claim.Want)
	text := fmt.Sprintf("%s shows %s for all claims together; here it is %s",
		s.claim.Key.Host, Differing(s.shown.Status, want), wanted(s.shown.Status, want))
	if cause := s.verdict.Joined.cause(); cause != "" {
		text += fmt.Sprintf("; %s comes from %s", s.shown.Phase, cause)
	}
	return providers.Sentence(text)
}

// Differing names the first field in which two statuses differ, with its value
// in shown.
func Differing(shown, want providers.Status) string {
	switch {
	case shown.Phase != want.Phase:
		return string(shown.Phase)
	case shown.Description != want.Description:
		return fmt.Sprintf("the description %q", shown.Description)
	default:
		return fmt.Sprintf("the URL %q", shown.URL)
	}
}

func wanted(shown, want providers.Status) string { return Differing(want, shown) }
