package chaos

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	apimeta "k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
)

// Claim is a CommitStatus as its member has it, and where its GitRepo leads to.
type Claim struct {
	Member  string
	Created time.Time
	Place   Place
	Object  v1alpha1.CommitStatus
}

// id names the object as a status names an owner.
func (c Claim) id() string {
	return c.Member + "/" + c.Object.Namespace + "/" + c.Object.Name
}

// Row is a status as an SCM shows it.
type Row struct {
	Content
	// Number is how the SCM knows it.
	Number int64
}

// unsettled says what is not as it should be: the oldest claim of each place says what the
// SCM shows, and each claim's status tells that. shown is nil where nothing is shown.
func unsettled(claims []Claim, shown func(Place) *Row) (wrong []string) {
	byKey := map[Place][]Claim{}
	for _, c := range claims {
		byKey[c.Place] = append(byKey[c.Place], c)
	}
	for at, all := range byKey {
		owner := slices.MinFunc(all, older)
		want, row := contentOf(owner.Object.Spec), shown(at)
		switch {
		case row == nil:
			wrong = append(wrong, fmt.Sprintf("%s: nothing is shown, where %s wants %v", at, owner.id(), want))
			continue
		case row.Content != want:
			wrong = append(wrong, fmt.Sprintf("%s: %v is shown, where %s wants %v", at, row.Content, owner.id(), want))
			continue
		}
		for _, c := range all {
			if amiss := untold(c, owner, *row); amiss != "" {
				wrong = append(wrong, fmt.Sprintf("%s: %s: %s", at, c.id(), amiss))
			}
		}
	}
	slices.Sort(wrong)
	return wrong
}

// older orders claims by their age.
func older(a, b Claim) int {
	return cmp.Or(a.Created.Compare(b.Created), cmp.Compare(a.Member, b.Member),
		cmp.Compare(a.Object.Namespace, b.Object.Namespace), cmp.Compare(a.Object.Name, b.Object.Name))
}

// untold is what a claim's status does not tell as it is, "" for nothing.
func untold(c, owner Claim, row Row) string {
	told := c.Object.Status
	ready := apimeta.FindStatusCondition(told.Conditions, v1alpha1.ConditionReady)
	if ready == nil {
		return "it was told nothing"
	}
	status, reason, named := metav1.ConditionTrue, v1alpha1.ReasonSynced, owner.id()
	wants := contentOf(c.Object.Spec)
	switch {
	case wants == row.Content:
	case wants.Phase == row.Phase:
		reason = v1alpha1.ReasonShared
	default:
		status, reason = metav1.ConditionFalse, v1alpha1.ReasonConflict
	}
	if c.id() == owner.id() {
		named = ""
	}
	switch {
	case ready.Status != status || ready.Reason != reason:
		return fmt.Sprintf("Ready is %s, %s (%s), and should be %s, %s", ready.Status, ready.Reason, ready.Message, status, reason)
	case ready.ObservedGeneration != c.Object.Generation || told.ObservedGeneration != c.Object.Generation:
		return fmt.Sprintf("generation %d was answered, of %d", ready.ObservedGeneration, c.Object.Generation)
	case told.IsSynced != (wants == row.Content), (told.SyncFailure != nil) != (status == metav1.ConditionFalse):
		return "isSynced and syncFailure contradict Ready"
	case told.Owner != named:
		return fmt.Sprintf("its owner is told to be %q, and is %q", told.Owner, named)
	case told.SHA != c.Place.SHA || told.Name != c.Place.Name || told.ScmProvider != c.Place.Provider:
		return fmt.Sprintf("it is told to be at %s %s %s", told.ScmProvider, told.SHA, told.Name)
	case Content{told.Phase, told.Description, told.URL} != row.Content:
		return fmt.Sprintf("it is told to show %s %q", told.Phase, told.Description)
	case told.Provider == nil || number(*told.Provider) != row.Number:
		return fmt.Sprintf("it is told of another status than %d", row.Number)
	}
	return ""
}

func number(h v1alpha1.ProviderHandle) int64 {
	switch {
	case h.GitHub != nil:
		return h.GitHub.CheckRunID
	case h.GitLab != nil:
		return h.GitLab.StatusID
	}
	return 0
}
