package kubeconfigs

import (
	"fmt"
	"slices"
	"strings"
)

// service is how far the watches of a member serve it. The zero value is a member that is
// served as a whole.
type service struct {
	// listing counts the watches whose first list is not done, and behind those that are
	// behind the newest list.
	listing, behind int
	// failure is why a list failed, nil while none does.
	failure error
	// forbidden are the namespaces that the member does not let the hub list, sorted.
	forbidden []string
}

// forbid adds a namespace to those that cannot be listed.
func (s *service) forbid(namespace string) {
	if at, found := slices.BinarySearch(s.forbidden, namespace); !found {
		s.forbidden = slices.Insert(s.forbidden, at, namespace)
	}
}

// health returns which part of a responding member is not served. ok is false if its watches
// serve it, in some namespaces at least.
func (s *service) health() (Health, bool) {
	switch {
	case s.failure != nil:
		return Health{State: Unreachable, Reason: ReasonListFailed, Message: printable("a list of the member's objects failed: " + s.failure.Error())}, true
	case s.listing > 0:
		return Health{State: Connecting, Reason: ReasonListing, Message: "the first lists of CommitStatuses and GitRepos are being read"}, true
	case s.behind > 0:
		return Health{State: Unreachable, Reason: ReasonWatchBehind, Message: fmt.Sprintf("a watch is behind the newest list for more than %s; it was opened anew", lagLimit)}, true
	}
	return Health{}, false
}

// limit adds the namespaces that are not served.
func (s *service) limit(health *Health) {
	if len(s.forbidden) == 0 {
		return
	}
	health.Reason = ReasonNamespacesForbidden
	health.Message = printable("watching, but the member does not let the hub list CommitStatuses and GitRepos in: " + strings.Join(s.forbidden, ", "))
}
