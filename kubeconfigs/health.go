package kubeconfigs

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"
	"unicode"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

// State says in one word how a member is.
type State string

// The states of a member.
const (
	// Connecting is a member's state until its first attempt has ended and its first lists
	// are done.
	Connecting State = "Connecting"
	// Connected means that the member is served: its objects are listed, and its watches
	// keep up with the newest list. See ReasonNamespacesForbidden for the exception.
	Connected State = "Connected"
	// Refused means that the hub does not use the Secret; see Refusal.
	Refused State = "Refused"
	// Denied means that the member answers, but does not let the hub in.
	Denied State = "Denied"
	// Incomplete means that the member lacks this project's CRDs.
	Incomplete State = "Incomplete"
	// Unreachable means that the member gives no useful answer.
	Unreachable State = "Unreachable"
)

// The reasons in Health and in events on a member's Secret.
const (
	ReasonConnecting = "Connecting"
	ReasonConnected  = "Connected"
	// ReasonCRDOutdated means that the member is watched, and loses a field of what is
	// written to it.
	ReasonCRDOutdated = "CRDOutdated"
	// ReasonObjectsLeftOut means that the member is watched, and has more objects than
	// the hub takes in.
	ReasonObjectsLeftOut = "ObjectsLeftOut"
	// ReasonObjectsUnreadable means that the member is watched, and has objects that cannot
	// be read, which are left out.
	ReasonObjectsUnreadable = "ObjectsUnreadable"
	// ReasonStatusRefused means that the member is watched, and that its admission or its
	// CRDs refuse some statuses.
	ReasonStatusRefused = "StatusRefused"
	// ReasonStatusForbidden means that the member is watched, and lets the hub patch no
	// statuses, or not all.
	ReasonStatusForbidden = "StatusForbidden"
	// ReasonSharedObjects means that the member is watched, and that another shows some of
	// the same objects, which count once.
	ReasonSharedObjects = "SharedObjects"
	// ReasonCredentialExpiring means that the member is watched, and that its token or client
	// certificate ends soon: it cannot be renewed, or could not so far.
	ReasonCredentialExpiring = "CredentialExpiring" //nolint:gosec // the name of a reason
	// ReasonNamespacesForbidden means that the member is watched in some of the namespaces
	// that its Secret names, and does not let the hub list the others.
	ReasonNamespacesForbidden = "NamespacesForbidden"
	// ReasonListing means that the first lists of a member are not done.
	ReasonListing = "Listing"
	// ReasonListFailed means that a list of a member does not come to its end.
	ReasonListFailed = "ListFailed"
	// ReasonWatchBehind means that a watch of a member is older than its newest list.
	ReasonWatchBehind        = "WatchBehind"
	ReasonUnauthorized       = "Unauthorized"
	ReasonForbidden          = "Forbidden"
	ReasonCRDsMissing        = "CRDsMissing"
	ReasonCertificateInvalid = "CertificateInvalid"
	ReasonTimedOut           = "TimedOut"
	ReasonUnavailable        = "Unavailable"
	ReasonUnreachable        = "Unreachable"
)

// The reasons of a Refusal.
const (
	// NameReserved means a Secret by the name of LocalCluster.
	NameReserved         = "NameReserved"
	KubeconfigMissing    = "KubeconfigMissing"
	KubeconfigUnreadable = "KubeconfigUnreadable"
	ContextMissing       = "ContextMissing"
	KubeconfigUnusable   = "KubeconfigUnusable"
	// CredentialMissing means neither a token nor a client certificate, with which the hub
	// would be system:anonymous.
	CredentialMissing      = "CredentialMissing" //nolint:gosec // the name of a reason
	ServerForbidden        = "ServerForbidden"
	ExecForbidden          = "ExecForbidden"
	AuthProviderForbidden  = "AuthProviderForbidden"
	FileForbidden          = "FileForbidden"
	InsecureForbidden      = "InsecureForbidden"
	ProxyForbidden         = "ProxyForbidden"
	BasicAuthForbidden     = "BasicAuthForbidden"
	ImpersonationForbidden = "ImpersonationForbidden"
	// FieldForbidden means a field that this version does not know to be safe.
	FieldForbidden = "FieldForbidden"
	// SameCluster means that an older Secret is of the same cluster.
	SameCluster = "SameCluster"
)

// messageLimit is how long a message may be, in runes: a member's answer is
// repeated in it.
const messageLimit = 300

// Health is how one member is.
type Health struct {
	State State
	// Since is when State or Reason last changed.
	Since time.Time
	// Reason is CamelCase and stable, for machines.
	Reason string
	// Message is for people: at most 300 characters, nothing secret in it.
	Message string
	// CredentialExpiry is when the Secret's token or client certificate ends, the first of
	// both; zero where it does not or where that is not known.
	CredentialExpiry time.Time
	// RenewalError is why the token could not be renewed, "" while it can.
	RenewalError string
	// Outdated reports whether the member's CRDs do not keep all that the hub writes.
	Outdated bool
	// Forbidden reports whether the member refuses the patch of some statuses.
	Forbidden bool
	// LeftOut is how many CommitStatuses and GitRepos are not watched, since there are more
	// than Options.ObjectLimit and Options.FleetLimit allow.
	LeftOut int
	// Unreadable is how many CommitStatuses and GitRepos are left out because they cannot be
	// read. Message names some of them.
	Unreadable int
	// Duplicates names the members whose Secrets are of the same cluster, or that show the same
	// objects; "" for none.
	Duplicates string
}

// diagnose turns an attempt's outcome into State, Reason and Message. The kind
// of an error is what decides; its text comes from elsewhere.
func diagnose(err error) Health {
	var refusal *Refusal
	var certificate *tls.CertificateVerificationError
	var timeout net.Error
	var status apierrors.APIStatus
	switch {
	case err == nil:
		return Health{State: Connected, Reason: ReasonConnected, Message: "watching"}
	case errors.As(err, &refusal):
		return Health{State: Refused, Reason: refusal.Reason, Message: printable(refusal.Message)}
	case apierrors.IsUnauthorized(err):
		return Health{State: Denied, Reason: ReasonUnauthorized, Message: "the member does not accept the credential"}
	case apierrors.IsForbidden(err):
		return Health{State: Denied, Reason: ReasonForbidden, Message: printable(err.Error())}
	case apierrors.IsNotFound(err):
		return Health{State: Incomplete, Reason: ReasonCRDsMissing, Message: "the member lacks the CRDs of commit-status.argoproj.io"}
	case errors.As(err, &certificate):
		return Health{State: Unreachable, Reason: ReasonCertificateInvalid, Message: printable(err.Error())}
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return Health{State: Unreachable, Reason: ReasonTimedOut, Message: printable(err.Error())}
	case errors.As(err, &status):
		return Health{State: Unreachable, Reason: ReasonUnavailable, Message: printable(err.Error())}
	default:
		return Health{State: Unreachable, Reason: ReasonUnreachable, Message: printable(err.Error())}
	}
}

// shortcomings are what is wrong with a member that is watched.
type shortcomings struct {
	// outdated is what of what is written to it does not stay, "" for nothing.
	outdated string
	// refused is what it says about statuses that it refuses, "" for nothing.
	refused string
	// forbidden reports whether it refuses some status patches.
	forbidden bool
	// overflow reports the objects that are left out because there are too many.
	overflow overflow
	// unreadable is how many objects cannot be read, and which some of them.
	unreadable int
	which      []string
	// shared are the members that show the same objects.
	shared sharedObjects
}

// watching is the health of a member that is watched. The reason is the last that applies.
func watching(s shortcomings) Health {
	out := Health{State: Connected, Reason: ReasonConnected, Message: "watching"}
	if s.shared != (sharedObjects{}) {
		out.Reason, out.Message = ReasonSharedObjects, printable(s.shared.message())
	}
	if s.outdated != "" {
		out.Outdated, out.Reason = true, ReasonCRDOutdated
		out.Message = "watching, but the member's CRDs are older than this hub: they do not keep " + s.outdated
	}
	if s.refused != "" {
		out.Reason = ReasonStatusRefused
		out.Message = printable("watching, but the member refuses some statuses, which the hub tries again: " + s.refused)
	}
	if s.forbidden {
		out.Forbidden, out.Reason = true, ReasonStatusForbidden
		out.Message = "watching, but the member does not let the hub patch commitstatuses/status, in some namespaces at least"
	}
	if s.overflow.limit > 0 {
		out.Reason, out.Message = ReasonObjectsLeftOut, s.overflow.message()
	}
	if s.unreadable > 0 {
		out.Reason, out.Unreadable = ReasonObjectsUnreadable, s.unreadable
		out.Message = printable(fmt.Sprintf("watching, but %d objects cannot be read and are left out: %s", s.unreadable, namesOf(s.which, s.unreadable)))
	}
	return out
}

// overflow describes the objects that are left out because there are too many.
type overflow struct {
	// limit is that of a kind, 0 where nothing is left out, and fleetLimit that of all
	// members.
	limit, fleetLimit int
	// namespace is the one that holds most.
	namespace string
}

// namespaceLimit is how long a namespace's name is in Kubernetes.
const namespaceLimit = 63

func (c overflow) message() string {
	return printable(fmt.Sprintf("watching, but there are more CommitStatuses or GitRepos than the hub keeps of one member (%d of each) or of all (%d): "+
		"the newest are left out, first those of the namespace that holds most, %s", c.limit, c.fleetLimit, cutTo(printable(c.namespace), namespaceLimit)))
}

// namesOf lists some of so many names.
func namesOf(which []string, of int) string {
	text := strings.Join(which, ", ")
	switch more := of - len(which); {
	case len(which) == 0:
		return "none has a valid name"
	case more > 0:
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// warned is the health of a member whose credential ends soon, as expiring says; "" where
// it does not. That comes before what else there is to say, which fields and metrics of
// their own say too.
func (h Health) warned(expiring string) Health {
	if expiring == "" {
		return h
	}
	h.Reason = ReasonCredentialExpiring
	if also, ok := strings.CutPrefix(h.Message, "watching, but "); ok {
		expiring += alsoSaid + also
	}
	h.Message = printable("watching, but " + expiring)
	return h
}

// printable is text in one line and within the limit, whatever a member sent.
func printable(text string) string { return shortened(text, messageLimit) }

// shortened is text in one line and of so many characters at most.
func shortened(text string, limit int) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, text)
	return cutTo(text, limit)
}

// cutTo cuts text to so many characters.
func cutTo(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	if runes := []rune(text); len(runes) > limit {
		return string(runes[:limit-1]) + "…"
	}
	return text
}
