package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// GitRepoSpec says where a repository is.
type GitRepoSpec struct {
	// ScmProviderRef names the ScmProvider on the hub, in the hub's namespace, through which the repository is reached.
	ScmProviderRef ObjectReference `json:"scmProviderRef"`

	// Repository is the repository's path in the SCM: owner/name on GitHub and Gitea, group/…/project on GitLab,
	// workspace/slug on Bitbucket Cloud, PROJECT/slug on Bitbucket Data Center.
	// +kubebuilder:validation:MaxLength=512
	// +kubebuilder:validation:XValidation:rule="!self.matches('[{}@:]|(?i:[.]git)/*$')",message="must be the path that the repository has on the SCM's pages, not its clone URL or UUID: without { } @ : and without .git at the end"
	// +kubebuilder:validation:XValidation:rule="self.matches('^[^/\\\\s[:cntrl:]?#%\\\\x5c]+(/[^/\\\\s[:cntrl:]?#%\\\\x5c]+)+$') && !self.matches('(^|/)[.][.]?(/|$)')",message="must be the path of a repository, such as owner/name, without spaces and without any of ? # % \\"
	Repository string `json:"repository"`
}

// GitRepo names a repository of an SCM for the CommitStatuses in its namespace.
//
// +kubebuilder:object:root=true
// +kubebuilder:resource:path=gitrepos,shortName=grepo,categories=commit-status
// +kubebuilder:printcolumn:name="Repository",type=string,JSONPath=`.spec.repository`
// +kubebuilder:printcolumn:name="Provider",type=string,JSONPath=`.spec.scmProviderRef.name`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
type GitRepo struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// Spec says where the repository is.
	Spec GitRepoSpec `json:"spec"`
}

// GitRepoList is a list of GitRepos.
//
// +kubebuilder:object:root=true
type GitRepoList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []GitRepo `json:"items"`
}
