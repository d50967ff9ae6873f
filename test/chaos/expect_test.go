package chaos

import (
	"testing"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
)

var (
	done   = Content{v1alpha1.PhaseSuccess, "done", "u"}
	failed = Content{v1alpha1.PhaseFailure, "failed", "u"}
)

// claim is one of a member that wants something, as its status should be where the owner
// wants what is shown.
func claim(member string, seconds float64, wants, shown Content, owner string) Claim {
	c := Claim{Member: member, Created: after(seconds), Place: here}
	c.Object.ObjectMeta = in(team, "x")
	c.Object.Generation = 3
	c.Object.Spec = v1alpha1.CommitStatusSpec{SHA: here.SHA, Name: here.Name, Phase: wants.Phase, Description: wants.Description, URL: wants.URL}
	ready := metav1.Condition{Type: v1alpha1.ConditionReady, Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonSynced, ObservedGeneration: 3}
	c.Object.Status = v1alpha1.CommitStatusStatus{
		ObservedGeneration: 3, IsSynced: true, ScmProvider: here.Provider, SHA: here.SHA, Name: here.Name, Owner: owner,
		Phase: shown.Phase, Description: shown.Description, URL: shown.URL,
		Provider: &v1alpha1.ProviderHandle{GitHub: &v1alpha1.GitHubHandle{CheckRunID: 7}},
	}
	switch {
	case wants == shown:
	case wants.Phase == shown.Phase:
		ready.Reason, c.Object.Status.IsSynced = v1alpha1.ReasonShared, false
	default:
		ready.Status, ready.Reason = metav1.ConditionFalse, v1alpha1.ReasonConflict
		c.Object.Status.IsSynced, c.Object.Status.SyncFailure = false, &v1alpha1.SyncFailure{Message: "it is overruled"}
	}
	c.Object.Status.Conditions = []metav1.Condition{ready}
	return c
}

func TestWhatIsNotAsItShouldBeIsFound(t *testing.T) {
	good := func() []Claim {
		return []Claim{
			claim("m1", 1, done, done, ""), claim("m0", 2, failed, done, "m1/team/x"), claim("m2", 2, done, done, "m1/team/x"),
		}
	}
	for name, tc := range map[string]struct {
		shown  *Row
		change func([]Claim)
		wrong  bool
	}{
		"all is well":                             {},
		"nothing is shown":                        {shown: &Row{}, wrong: true},
		"an older state is shown":                 {shown: &Row{failed, 7}, wrong: true},
		"another status is told of":               {shown: &Row{done, 8}, wrong: true},
		"the owner was told nothing":              {change: func(c []Claim) { c[0].Object.Status.Conditions = nil }, wrong: true},
		"the owner waits":                         {change: func(c []Claim) { c[0].Object.Status.Conditions[0].Status = metav1.ConditionUnknown }, wrong: true},
		"the condition is of an older generation": {change: func(c []Claim) { c[0].Object.Status.Conditions[0].ObservedGeneration = 2 }, wrong: true},
		"the status is of an older generation":    {change: func(c []Claim) { c[0].Object.Status.ObservedGeneration = 2 }, wrong: true},
		"an older state is shown and told": {shown: &Row{failed, 7}, change: func(c []Claim) {
			c[0], c[1], c[2] = claim("m1", 1, failed, failed, ""), claim("m0", 2, failed, failed, "m1/team/x"), claim("m2", 2, done, failed, "m1/team/x")
			c[0].Object.Spec = claim("m1", 1, done, done, "").Object.Spec
			c[0].Object.Status.Conditions[0].Status, c[0].Object.Status.Conditions[0].Reason = metav1.ConditionFalse, v1alpha1.ReasonConflict
			c[0].Object.Status.IsSynced, c[0].Object.Status.SyncFailure = false, &v1alpha1.SyncFailure{Message: "it is overruled"}
		}, wrong: true},
		"an older generation was answered": {change: func(c []Claim) { c[0].Object.Generation = 4 }, wrong: true},
		"a loser believes that it is shown": {change: func(c []Claim) {
			c[1].Object.Status.Conditions[0].Status, c[1].Object.Status.Conditions[0].Reason = metav1.ConditionTrue, v1alpha1.ReasonSynced
		}, wrong: true},
		"a loser was told of another owner": {change: func(c []Claim) { c[2].Object.Status.Owner = "m0/team/x" }, wrong: true},
		"an older text is told":             {change: func(c []Claim) { c[2].Object.Status.Description = "before" }, wrong: true},
		"another place is told":             {change: func(c []Claim) { c[2].Object.Status.SHA = commit(9) }, wrong: true},
		"isSynced contradicts":              {change: func(c []Claim) { c[1].Object.Status.IsSynced = true }, wrong: true},
		"an older claim came late":          {change: func(c []Claim) { c[1].Created = after(0) }, wrong: true},
	} {
		t.Run(name, func(t *testing.T) {
			claims, row := good(), &Row{done, 7}
			if tc.change != nil {
				tc.change(claims)
			}
			if tc.shown != nil {
				row = tc.shown
			}
			wrong := unsettled(claims, func(Place) *Row {
				if row.Number == 0 {
					return nil
				}
				return row
			})
			NewWithT(t).Expect(len(wrong) > 0).To(Equal(tc.wrong), "%v", wrong)
		})
	}
}
