package publish

import (
	"errors"
	"net/http"
	"regexp"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

// refusal is why a member that works does not accept one status.
type refusal int

const (
	notRefused refusal = iota
	// withoutRight : the hub's account may not patch statuses in that namespace.
	withoutRight
	// unwanted : an admission webhook, an admission policy or the CRD refuses it.
	unwanted
)

var (
	// admissionSays matches what an API server says where admission refuses an object, or
	// where a webhook that must agree does not respond. A webhook and a policy may choose
	// the code, so the code proves nothing (k8s.io/apiserver, pkg/admission/plugin).
	admissionSays = regexp.MustCompile(`admission webhook ".*" denied the request|failed calling (admission )?webhook|[Pp]olicy ['"].* denied request|request denied by policy`)
	// authorizerSays matches what it says where its authorizers allow no patch
	// (k8s.io/apiserver, pkg/endpoints/handlers/responsewriters).
	authorizerSays = regexp.MustCompile(`User ".*" cannot patch resource "commitstatuses/status"`)
)

// refusalOf tells from an error of a patch whether and why this one status was refused.
func refusalOf(err error) refusal {
	var status apierrors.APIStatus
	if !errors.As(err, &status) {
		return notRefused
	}
	code := status.Status().Code
	switch {
	case admissionSays.MatchString(err.Error()):
		return unwanted
	case apierrors.IsForbidden(err) && authorizerSays.MatchString(err.Error()):
		return withoutRight
	case apierrors.IsUnauthorized(err), apierrors.IsTooManyRequests(err), apierrors.IsNotFound(err), apierrors.IsConflict(err):
		return notRefused
	case code >= http.StatusBadRequest && code < http.StatusInternalServerError:
		return unwanted
	}
	return notRefused
}
