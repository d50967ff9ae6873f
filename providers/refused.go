package providers

import (
	"net/http"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
)

// Refused is what a refusal of an SCM is about. The sender of requests decides when it is
// final: a client reports each response as it is.
type Refused int

const (
	// RefusedNothing : the SCM did not refuse the credential.
	RefusedNothing Refused = iota
	// RefusedAccount : it refuses the credential of the ScmProvider.
	RefusedAccount
	// RefusedInstallation : it refuses the credential in one installation.
	RefusedInstallation
	// RefusedPermission : the credential lacks a permission for requests of this sort, reads or
	// writes, in the whole installation.
	RefusedPermission
	// RefusedRepository : it refuses requests of this sort, reads or writes, in one repository.
	RefusedRepository
)

// Fact is what an account learns of the SCM, and can learn anew by Account.Renew.
type Fact int

const (
	// FactNone : nothing. A credential of a Secret is as it is.
	FactNone Fact = iota
	// FactToken : a token that the account asked for, with the permissions of that time.
	FactToken
	// FactInstallation : which installation an owner has.
	FactInstallation
)

// Refuse makes an Error of an SCM's "no" to a credential.
func Refuse(what Refused, reason, format string, args ...any) *Error {
	e := Errorf(reason, format, args...)
	e.Refused = what
	return e
}

// OfProxy reports whether an answer proves nothing about what was asked for: it has a status
// that refuses a request, and own is false because its body is not in the SCM's form, or a
// status that is about the way to the SCM, whatever its body. A proxy responds so. "Too long" and
// "too many requests" apply whichever server says it, and are no such response.
func OfProxy(status int, own bool) bool {
	switch status {
	case http.StatusProxyAuthRequired, http.StatusMisdirectedRequest:
		return true
	case http.StatusRequestTimeout, http.StatusRequestEntityTooLarge, http.StatusRequestURITooLong,
		http.StatusTooManyRequests, http.StatusRequestHeaderFieldsTooLarge:
		return false
	}
	return status >= http.StatusBadRequest && status < http.StatusInternalServerError && !own
}

// longBody is half of what a ratelimit.Classifier sees of a body, from which credentials may
// have been taken out.
const longBody = 32 << 10

// Endless reports whether a body that is no JSON is the start of a JSON object that is longer
// than a ratelimit.Classifier sees. An SCM answers so where it repeats what it refuses.
func Endless(body []byte) bool { return len(body) > longBody && body[0] == '{' }

// ProxyAnswered is the Error of an answer for which OfProxy is true. write says that the
// request may have taken effect.
func ProxyAnswered(host, title string, status int, write bool) *Error {
	e := Errorf(v1alpha1.ReasonUnavailable, "%s answered %d %s, which is not in the form of %s: a proxy may have answered",
		host, status, http.StatusText(status), title)
	e.Unknown = write
	return e
}
