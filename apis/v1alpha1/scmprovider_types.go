package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// ConflictPolicy says what an SCM shows when claims on one status want different things.
//
// +kubebuilder:validation:Enum=Oldest;Aggregate
type ConflictPolicy string

// The conflict policies.
const (
	// ConflictOldest : the claim that was created first is shown.
	ConflictOldest ConflictPolicy = "Oldest"
	// ConflictAggregate : the worst phase of all claims is shown.
	ConflictAggregate ConflictPolicy = "Aggregate"
)

// DriftPolicy says what happens to a status that somebody else changed in the SCM.
//
// +kubebuilder:validation:Enum=Report;Restore
type DriftPolicy string

// The drift policies.
const (
	// DriftReport : the CommitStatus reports the drift, and the SCM keeps it.
	DriftReport DriftPolicy = "Report"
	// DriftRestore : what the spec wants is written again.
	DriftRestore DriftPolicy = "Restore"
)

// ScmProviderSpec says how an SCM is reached, and who may write to it.
//
// +kubebuilder:validation:XValidation:rule="[has(self.github), has(self.gitlab), has(self.bitbucketCloud), has(self.bitbucketDataCenter), has(self.gitea)].filter(x, x).size() == 1",message="exactly one of github, gitlab, bitbucketCloud, bitbucketDataCenter and gitea must be set"
type ScmProviderSpec struct {
	// GitHub is GitHub.com, GitHub Enterprise Cloud or GitHub Enterprise Server.
	// +optional
	GitHub *GitHubSpec `json:"github,omitempty"`
	// GitLab is GitLab.com or a self-managed GitLab.
	// +optional
	GitLab *GitLabSpec `json:"gitlab,omitempty"`
	// BitbucketCloud is bitbucket.org.
	// +optional
	BitbucketCloud *BitbucketCloudSpec `json:"bitbucketCloud,omitempty"`
	// BitbucketDataCenter is a Bitbucket Data Center.
	// +optional
	BitbucketDataCenter *BitbucketDataCenterSpec `json:"bitbucketDataCenter,omitempty"`
	// Gitea is a Gitea or Forgejo.
	// +optional
	Gitea *GiteaSpec `json:"gitea,omitempty"`

	// SecretRef names the Secret, in the same namespace, with the credential: key privateKey (PEM) for a GitHub App,
	// key token for everything else (Bitbucket Cloud: token, or username and token).
	SecretRef ObjectReference `json:"secretRef"`

	// Suspend stops all requests through this ScmProvider. What the SCM shows stays as it is, CommitStatuses say
	// Suspended, and a CommitStatus that is deleted meanwhile is not canceled.
	// +optional
	Suspend bool `json:"suspend,omitempty"`

	// Grants say which clusters and namespaces may write which repositories. What no grant allows is denied.
	// In a pattern * stands for anything but "/", and ** for anything.
	// +optional
	// +kubebuilder:validation:MaxItems=500
	Grants []Grant `json:"grants,omitempty"`

	// ConflictPolicy says what is shown when claims on one status want different things.
	// +optional
	// +kubebuilder:default=Oldest
	ConflictPolicy ConflictPolicy `json:"conflictPolicy,omitempty"`

	// Drift says how often the SCM is compared with what was written, and what happens when it differs.
	// +optional
	// +kubebuilder:default={}
	Drift Drift `json:"drift,omitzero"`

	// RateLimit sets ceilings on the calls to the SCM. What is not set is learned from the SCM's answers.
	// +optional
	// +kubebuilder:validation:XValidation:rule="!has(self.pointsPerMinute) || self.pointsPerMinute == 0 || self.pointsPerMinute >= 5",message="pointsPerMinute must be 0 (no limit) or at least 5, the cost of a write"
	RateLimit *RateLimit `json:"rateLimit,omitempty"`
}

// GitHubSpec says how a GitHub is reached.
//
// +kubebuilder:validation:XValidation:rule="!has(self.installationID) || has(self.appID)",message="installationID needs appID"
type GitHubSpec struct {
	// APIURL is the root of the REST API: https://api.github.com, or https://HOST/api/v3 for GitHub Enterprise Server.
	// +optional
	// +kubebuilder:default="https://api.github.com"
	APIURL APIURL `json:"apiURL,omitempty"`
	// AppID is the ID of the GitHub App whose private key is in the Secret. A plain token needs none.
	// +optional
	// +kubebuilder:validation:Minimum=1
	AppID int64 `json:"appID,omitempty"`
	// InstallationID is the ID of the App's installation. Without it, the installation is found per owner.
	// +optional
	// +kubebuilder:validation:Minimum=1
	InstallationID int64 `json:"installationID,omitempty"`
}

// APIURL is the root of an SCM's API: https, or http on the loopback interface.
//
// +kubebuilder:validation:MaxLength=512
// +kubebuilder:validation:XValidation:rule="isURL(self) && url(self).getHostname().size() > 0 && !self.matches('[@?#]') && (url(self).getScheme() == 'https' || self.matches('^http://(localhost|127([.][0-9]{1,3}){3}|[[]::1[]])(:[0-9]+)?(/|$)'))",message="must be an https URL (http on the loopback interface only) without user, query or fragment"
type APIURL string

// GitLabSpec says how a GitLab is reached.
type GitLabSpec struct {
	// APIURL is the root of the REST API.
	// +optional
	// +kubebuilder:default="https://gitlab.com/api/v4"
	APIURL APIURL `json:"apiURL,omitempty"`
}

// BitbucketCloudSpec says how Bitbucket Cloud is reached.
type BitbucketCloudSpec struct {
	// APIURL is the root of the REST API.
	// +optional
	// +kubebuilder:default="https://api.bitbucket.org/2.0"
	APIURL APIURL `json:"apiURL,omitempty"`
}

// BitbucketDataCenterSpec says how a Bitbucket Data Center is reached.
type BitbucketDataCenterSpec struct {
	// APIURL is the root of the REST API, such as https://bitbucket.example.com/rest/api/latest.
	APIURL APIURL `json:"apiURL"`
}

// GiteaSpec says how a Gitea or Forgejo is reached.
type GiteaSpec struct {
	// APIURL is the root of the REST API, such as https://gitea.example.com/api/v1.
	APIURL APIURL `json:"apiURL"`
}

// Pattern matches names or paths: * stands for anything but "/", and ** for anything.
//
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=512
type Pattern string

// Grant lets namespaces of clusters write statuses to repositories.
type Grant struct {
	// Clusters are patterns of names of member clusters. The hub's own cluster is "local".
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=500
	Clusters []Pattern `json:"clusters"`
	// Namespaces are patterns of namespaces in those clusters; all when empty.
	// +optional
	// +kubebuilder:validation:MaxItems=500
	Namespaces []Pattern `json:"namespaces,omitempty"`
	// Repositories are patterns of repositories' paths. Their case counts only where it does in the SCM.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=500
	Repositories []Pattern `json:"repositories"`
	// Names are patterns of the statuses' names; all when empty.
	// +optional
	// +kubebuilder:validation:MaxItems=500
	Names []Pattern `json:"names,omitempty"`
}

// Drift says how changes by others in the SCM are looked for.
type Drift struct {
	// Interval is the shortest time between two comparisons of a status; 0s switches them off.
	// +optional
	// +kubebuilder:default="10m"
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:XValidation:rule="!self.matches('^([0-9]+([.][0-9]+)?(ns|us|µs|ms|s|m|h))+$') || duration(self) == duration('0s') || duration(self) >= duration('1s')",message="must be 0s (off) or at least 1s"
	Interval Duration `json:"interval,omitempty"`
	// Policy says what is done about a difference.
	// +optional
	// +kubebuilder:default=Report
	Policy DriftPolicy `json:"policy,omitempty"`
}

// Duration is a length of time as Go and kubectl write it, such as 90s or 1h30m.
//
// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]+([.][0-9]+)?(ns|us|µs|ms|s|m|h))+$')",message="must be a length of time, such as 90s or 1h30m"
type Duration string

// RateLimit sets ceilings on the calls to an SCM. A limit that is 0 is none; one that is not set is learned.
type RateLimit struct {
	// RequestsPerHour is the most requests in any hour.
	// +optional
	// +kubebuilder:validation:Minimum=0
	RequestsPerHour *int64 `json:"requestsPerHour,omitempty"`
	// RequestsPerMinute is the most requests in any minute.
	// +optional
	// +kubebuilder:validation:Minimum=0
	RequestsPerMinute *int64 `json:"requestsPerMinute,omitempty"`
	// PointsPerMinute is the most points in any minute; a read costs 1 and a write 5.
	// +optional
	// +kubebuilder:validation:Minimum=0
	PointsPerMinute *int64 `json:"pointsPerMinute,omitempty"`
	// WritesPerMinute is the most writes in any minute.
	// +optional
	// +kubebuilder:validation:Minimum=0
	WritesPerMinute *int64 `json:"writesPerMinute,omitempty"`
	// WritesPerHour is the most writes in any hour.
	// +optional
	// +kubebuilder:validation:Minimum=0
	WritesPerHour *int64 `json:"writesPerHour,omitempty"`
	// MaxInFlight is the most requests that are under way at once.
	// +optional
	// +kubebuilder:validation:Minimum=0
	MaxInFlight *int64 `json:"maxInFlight,omitempty"`
}

// ScmProvider is an SCM, the credential for it, and who may write through it. It lives in the hub's namespace.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:path=scmproviders,shortName=scmp,categories=commit-status
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`
// +kubebuilder:printcolumn:name="Remaining",type=integer,JSONPath=`.status.installations[0].remaining`,description="Requests left of the most pressed installation: the one that is paused longest or, while none is paused, has the least left"
// +kubebuilder:printcolumn:name="Paused-Until",type=string,JSONPath=`.status.installations[0].pausedUntil`,description="When the SCM takes requests of the most pressed installation again; empty while none is paused"
// +kubebuilder:printcolumn:name="Queued",type=integer,JSONPath=`.status.installations[0].queued`,description="Statuses that wait for the most pressed installation; empty for none"
// +kubebuilder:printcolumn:name="Installation",type=string,JSONPath=`.status.installations[0].id`,description="The most pressed installation. status.installations has them all",priority=1
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
type ScmProvider struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// Spec says how the SCM is reached, and who may write to it.
	Spec ScmProviderSpec `json:"spec"`
	// Status reports whether it is usable, and how much of its budget is left.
	// +optional
	Status ScmProviderStatus `json:"status,omitzero"`
}

// ScmProviderList is a list of ScmProviders.
//
// +kubebuilder:object:root=true
type ScmProviderList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []ScmProvider `json:"items"`
}
