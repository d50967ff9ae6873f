package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// ScmProviderStatus reports whether a ScmProvider is usable, and how much of its budget is left.
type ScmProviderStatus struct {
	// Conditions holds Ready, and BudgetsRecorded once the budgets could not be recorded: while it is False, nothing is
	// sent.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:XValidation:rule="self.all(c, c.lastTransitionTime.getFullYear() >= 0)",message="lastTransitionTime must be a time as RFC 3339 has it, with T and Z in upper case"
	Conditions []metav1.Condition `json:"conditions,omitempty"`

	// Installations are the budgets that were used in the last hour: first those that are paused, longest first, then
	// those with the largest share of a limit used. Of more than 200, the last one bounds those that are left out.
	// +optional
	// +listType=map
	// +listMapKey=id
	// +kubebuilder:validation:MaxItems=200
	Installations []Installation `json:"installations,omitempty"`

	// MovedRepositories are those that the SCM has redirected to another path, so that both paths are one repository for
	// the next hub, too.
	// +optional
	// +listType=map
	// +listMapKey=from
	// +kubebuilder:validation:MaxItems=1000
	MovedRepositories []MovedRepository `json:"movedRepositories,omitempty"`
}

// MovedRepository is a repository that was renamed or transferred.
type MovedRepository struct {
	// From is a path that it had.
	// +kubebuilder:validation:MaxLength=512
	From string `json:"from"`
	// To is the path that it has now.
	// +kubebuilder:validation:MaxLength=512
	To string `json:"to"`
	// LearnedAt is when the SCM redirected to that path first.
	LearnedAt metav1.Time `json:"learnedAt"`
	// VerifiedAt is when it did last. It is asked again when the path is needed and that was over an hour ago.
	VerifiedAt metav1.Time `json:"verifiedAt"`
}

// Installation is one budget of calls to an SCM.
type Installation struct {
	// ID identifies the budget, such as github.com/app/12345/installation/678.
	// +kubebuilder:validation:MaxLength=512
	ID string `json:"id"`
	// Account is the owner that the budget belongs to.
	// +optional
	Account string `json:"account,omitempty"`
	// Limit is how many requests the SCM grants until resetAt.
	// +optional
	Limit *int64 `json:"limit,omitempty"`
	// Remaining is how many of them are left.
	// +optional
	Remaining *int64 `json:"remaining,omitempty"`
	// ResetAt is when the SCM fills the budget again.
	// +optional
	// +kubebuilder:validation:XValidation:rule="self.getFullYear() >= 0",message="must be a time as RFC 3339 has it, with T and Z in upper case"
	ResetAt *metav1.Time `json:"resetAt,omitempty"`
	// PausedUntil is set while no request is sent, because the SCM asked for it.
	// +optional
	// +kubebuilder:validation:XValidation:rule="self.getFullYear() >= 0",message="must be a time as RFC 3339 has it, with T and Z in upper case"
	PausedUntil *metav1.Time `json:"pausedUntil,omitempty"`
	// Used is how much of each limit is spent.
	// +optional
	Used *RateLimit `json:"used,omitempty"`
	// ObservedAt is when these figures were taken.
	// +optional
	// +kubebuilder:validation:XValidation:rule="self.getFullYear() >= 0",message="must be a time as RFC 3339 has it, with T and Z in upper case"
	ObservedAt *metav1.Time `json:"observedAt,omitempty"`
	// Queued is how many statuses wait for this budget.
	// +optional
	Queued int64 `json:"queued,omitempty"`
	// InFlight is how many requests are under way.
	// +optional
	InFlight int64 `json:"inFlight,omitempty"`
}
