package v1alpha1

// ConditionReady is the type of the one condition that a CommitStatus and a ScmProvider carry.
const ConditionReady = "Ready"

// Reasons of a CommitStatus's Ready condition.
const (
	// ReasonSynced : the SCM shows what the spec wants.
	ReasonSynced = "Synced"
	// ReasonAggregated : the SCM shows this claim and others in one.
	ReasonAggregated = "Aggregated"
	// ReasonPending : waiting for its turn.
	ReasonPending = "Pending"
	// ReasonConflict : another claim on the same status wants another phase, and is the one that is shown.
	ReasonConflict = "Conflict"
	// ReasonShared : the SCM shows this phase, with the description and the URL of another claim on the same status.
	ReasonShared = "Shared"
	// ReasonDrifted : somebody else changed the status in the SCM.
	ReasonDrifted = "Drifted"
	// ReasonDenied : no grant of the ScmProvider allows this claim.
	ReasonDenied = "Denied"
	// ReasonGitRepoNotFound : there is no such GitRepo in the namespace.
	ReasonGitRepoNotFound = "GitRepoNotFound"
	// ReasonProviderNotFound : there is no such ScmProvider on the hub.
	ReasonProviderNotFound = "ProviderNotFound"
	// ReasonCredentialsInvalid : the SCM's credentials are missing, malformed, refused, or lack a permission.
	ReasonCredentialsInvalid = "CredentialsInvalid"
	// ReasonRepoNotFound : the SCM knows no such repository, or does not let us see it.
	ReasonRepoNotFound = "RepoNotFound"
	// ReasonCommitNotFound : the repository has no such commit, usually because it is not pushed yet.
	ReasonCommitNotFound = "CommitNotFound"
	// ReasonInvalid : the SCM, or the hub in its stead, refused the content.
	ReasonInvalid = "Invalid"
	// ReasonUnavailable : the SCM does not answer as it should; it is tried again.
	ReasonUnavailable = "Unavailable"
	// ReasonMoved : the repository has another name now, which no grant covers or which is not known.
	ReasonMoved = "Moved"
	// ReasonUnsupported : the SCM cannot show this now.
	ReasonUnsupported = "Unsupported"
	// ReasonSuspended : the ScmProvider has spec.suspend set, so nothing is sent through it.
	ReasonSuspended = "Suspended"
)

// ConditionBudgetsRecorded is the type of a ScmProvider's condition that is False while its installations are sent
// nothing, since what they use cannot be recorded in its status. It is absent where that never was so.
const ConditionBudgetsRecorded = "BudgetsRecorded"

// Reasons of a ScmProvider's BudgetsRecorded condition.
const (
	// ReasonRecorded : status.installations can be written.
	ReasonRecorded = "Recorded"
	// ReasonNotRecorded : status.installations could not be written for about 30 s.
	ReasonNotRecorded = "NotRecorded"
)

// ReasonReady is the reason of a ScmProvider's Ready condition when its settings and its Secret are usable.
const ReasonReady = "Ready"
