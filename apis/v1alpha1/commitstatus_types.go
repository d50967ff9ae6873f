package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// AnnotationRequestedAt is the annotation of a CommitStatus whose change, to whatever value, asks the hub to read
// what the SCM shows, and to write it once where it differs.
const AnnotationRequestedAt = "commit-status.argoproj.io/requestedAt"

// Phase is the phase of the work that a CommitStatus reports.
//
// +kubebuilder:validation:Enum=queued;in_progress;success;failure;canceled;cancelled
type Phase string

// The phases that a status can have.
const (
	PhaseQueued     Phase = "queued"
	PhaseInProgress Phase = "in_progress"
	PhaseSuccess    Phase = "success"
	PhaseFailure    Phase = "failure"
	PhaseCanceled   Phase = "canceled"
)

// phaseCancelled is accepted in a spec and means PhaseCanceled.
const phaseCancelled Phase = "cancelled"

// Canonical folds the two spellings of canceled into PhaseCanceled.
func (p Phase) Canonical() Phase {
	if p == phaseCancelled {
		return PhaseCanceled
	}
	return p
}

// Known reports whether p is one of the phases, in its canonical spelling.
func (p Phase) Known() bool {
	switch p {
	case PhaseQueued, PhaseInProgress, PhaseSuccess, PhaseFailure, PhaseCanceled:
		return true
	}
	return false
}

// Terminal reports whether the work is over: success, failure or canceled.
func (p Phase) Terminal() bool {
	switch p.Canonical() {
	case PhaseSuccess, PhaseFailure, PhaseCanceled:
		return true
	}
	return false
}

// CommitStatusSpec is what the SCM should show on a commit.
type CommitStatusSpec struct {
	// GitRepoRef names the GitRepo, in the same namespace, that the commit is in.
	GitRepoRef ObjectReference `json:"gitRepoRef"`

	// SHA is the full hash of the commit: 40 or 64 hexadecimal digits.
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9a-fA-F]{40}|[0-9a-fA-F]{64})$')",message="must be the full hash of a commit: 40 or 64 hexadecimal digits"
	SHA string `json:"sha"`

	// Name is what the SCM shows the status under. One commit has one status of a name.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=255
	Name string `json:"name"`

	// Description is a short text for people. What an SCM has no room for is cut off visibly.
	// +optional
	// +kubebuilder:validation:MaxLength=65535
	Description string `json:"description,omitempty"`

	// Phase is where the work stands. cancelled is accepted and means canceled.
	Phase Phase `json:"phase"`

	// URL leads to details, over http or https.
	// +optional
	// +kubebuilder:validation:MaxLength=2048
	// +kubebuilder:validation:XValidation:rule="self == '' || (isURL(self) && url(self).getScheme() in ['http', 'https'] && url(self).getHostname().size() > 0)",message="must be an absolute http or https URL"
	URL string `json:"url,omitempty"`
}

// ObjectReference names an object whose kind and namespace follow from the field.
type ObjectReference struct {
	// Name of the object.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name"`
}

// CommitStatusStatus is what the SCM really shows, and how that compares to the spec.
type CommitStatusStatus struct {
	// ObservedGeneration is the generation of the spec that this status answers.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// UpdatedAt is the time of the last write to the SCM, or of the first read that changed the fields below.
	// +optional
	// +kubebuilder:validation:XValidation:rule="self.getFullYear() >= 0",message="must be a time as RFC 3339 has it, with T and Z in upper case"
	UpdatedAt *metav1.Time `json:"updatedAt,omitempty"`

	// IsSynced says whether the SCM shows what this spec wants, after the SCM's own mapping and limits.
	// +optional
	IsSynced bool `json:"isSynced"`

	// SyncFailure describes what is wrong. It is absent when all is well, and while merely waiting.
	// +optional
	SyncFailure *SyncFailure `json:"syncFailure,omitempty"`

	// ScmProvider is the name of the ScmProvider on the hub that wrote the status.
	// +optional
	ScmProvider string `json:"scmProvider,omitempty"`

	// Repo is the host and repository of the commit that is tracked now, with the path of the SCM's root between them if it
	// has one.
	// +optional
	Repo string `json:"repo,omitempty"`

	// SHA is the commit that is tracked now.
	// +optional
	SHA string `json:"sha,omitempty"`

	// ShortSHA is the start of sha or, while no commit is tracked, of the spec's, for tables.
	// +optional
	ShortSHA string `json:"shortSha,omitempty"`

	// Name is the name under which the SCM shows the status.
	// +optional
	Name string `json:"name,omitempty"`

	// Description is the text that the SCM shows.
	// +optional
	Description string `json:"description,omitempty"`

	// Phase is the phase that the SCM shows.
	// +optional
	Phase Phase `json:"phase,omitempty"`

	// URL is the link that the SCM shows.
	// +optional
	URL string `json:"url,omitempty"`

	// Provider holds what is needed to find the status in the SCM again.
	// +optional
	Provider *ProviderHandle `json:"provider,omitempty"`

	// Owner is the oldest claim on the same status, as cluster/namespace/name: the one that the SCM shows, unless it
	// shows all of them together. It is set on every claimant but the owner.
	// +optional
	Owner string `json:"owner,omitempty"`

	// Conditions holds one condition: Ready.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:XValidation:rule="self.all(c, c.lastTransitionTime.getFullYear() >= 0)",message="lastTransitionTime must be a time as RFC 3339 has it, with T and Z in upper case"
	Conditions []metav1.Condition `json:"conditions,omitempty"`
}

// SyncFailure tells why a status is not shown as its spec wants it.
type SyncFailure struct {
	// Message says what is wrong, in at most 300 characters.
	Message string `json:"message"`
}

// ProviderHandle names a status inside an SCM. Beside seal, at most one field is set.
type ProviderHandle struct {
	// GitHub names a check run, or a commit status where a plain token wrote it.
	// +optional
	GitHub *GitHubHandle `json:"github,omitempty"`
	// GitLab names a commit status.
	// +optional
	GitLab *GitLabHandle `json:"gitlab,omitempty"`
	// BitbucketCloud names a build status.
	// +optional
	BitbucketCloud *BitbucketHandle `json:"bitbucketCloud,omitempty"`
	// BitbucketDataCenter names a build status.
	// +optional
	BitbucketDataCenter *BitbucketHandle `json:"bitbucketDataCenter,omitempty"`
	// Gitea names a commit status.
	// +optional
	Gitea *GiteaHandle `json:"gitea,omitempty"`
	// Seal proves to the hub, after a restart, that it wrote this status itself. It is worth nothing to anybody else.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	Seal string `json:"seal,omitempty"`
}

// GitHubHandle names a check run or a commit status in GitHub.
type GitHubHandle struct {
	// CheckRunID is the ID of the check run.
	// +optional
	CheckRunID int64 `json:"checkRunId,omitempty"`
	// StatusID is the ID of the commit status.
	// +optional
	StatusID int64 `json:"statusId,omitempty"`
}

// GitLabHandle names a commit status in GitLab.
type GitLabHandle struct {
	// StatusID is the ID of the commit status.
	// +optional
	StatusID int64 `json:"statusId,omitempty"`
	// PipelineID is the ID of the pipeline that the status is in.
	// +optional
	PipelineID int64 `json:"pipelineId,omitempty"`
}

// BitbucketHandle names a build status in Bitbucket.
type BitbucketHandle struct {
	// Key is the key of the build status.
	// +optional
	Key string `json:"key,omitempty"`
}

// GiteaHandle names a commit status in Gitea or Forgejo.
type GiteaHandle struct {
	// StatusID is the ID of the commit status.
	// +optional
	StatusID int64 `json:"statusId,omitempty"`
}

// The column Sha is status.shortSha or, until there is one, spec.sha: a table shows the first value that its path finds, and
// ".." finds an object before what is in it.

// CommitStatus asks for a status on a git commit, and reports what the SCM really shows there.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:path=commitstatuses,shortName=cst,categories=commit-status
// +kubebuilder:printcolumn:name="Repo",type=string,JSONPath=`.status.repo`
// +kubebuilder:printcolumn:name="Sha",type=string,JSONPath=`..['status','spec']['shortSha','sha']`,description="The commit that is tracked or, until one is, that of the spec"
// +kubebuilder:printcolumn:name="Check",type=string,JSONPath=`.spec.name`,description="The name under which the SCM shows the status"
// +kubebuilder:printcolumn:name="Phase",type=string,JSONPath=`.status.phase`,description="The phase that the SCM shows"
// +kubebuilder:printcolumn:name="Synced",type=boolean,JSONPath=`.status.isSynced`
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
type CommitStatus struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// Spec is what the SCM should show.
	Spec CommitStatusSpec `json:"spec"`
	// Status is what the SCM shows. The hub writes it; it is never read back into a spec.
	// +optional
	Status CommitStatusStatus `json:"status,omitzero"`
}

// CommitStatusList is a list of CommitStatuses.
//
// +kubebuilder:object:root=true
type CommitStatusList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []CommitStatus `json:"items"`
}
