package github

import (
	"net/http"
	"strings"
)

var (
	// notLimits is what GitHub says in a 403 that is about no limit. It may come
	// with the last request of an hour.
	notLimits = []string{
		"resource not accessible", "invalid app_id", "suspended", "must authenticate", "archived", "ip allow list", "saml",
	}
	// secondaryWords is what GitHub says of a limit on the rate of requests. Abuse
	// detection is its name in older versions.
	secondaryWords = []string{"secondary rate limit", "temporarily blocked", "abuse detection"}
)

// secondaryPage is in the address that GitHub sends people to then.
const secondaryPage = "secondary-rate-limit"

// limited reports whether a refusal is a limit and not a missing permission, which is a 403 as
// well. remaining is what is left of the budget, nil where GitHub does not report it: a refusal
// without known words is a limit if the headers indicate one.
func (a answer) limited(r complaint, remaining *int64) bool {
	switch a.status {
	case http.StatusTooManyRequests:
		return true
	case http.StatusForbidden:
	default:
		return false
	}
	if r.mentions(notLimits...) {
		return false
	}
	if r.mentions("rate limit") || r.mentions(secondaryWords...) || strings.Contains(r.Documentation, "rate-limits") {
		return true
	}
	return a.header.Get("Retry-After") != "" || remaining != nil && *remaining == 0
}

// secondary reports whether a limit is on the rate of requests and not a spent budget: by
// words, else by what remains. Where neither is present, such as at a proxy's limit, it returns
// false.
func (c complaint) secondary(remaining *int64) bool {
	if c.mentions(secondaryWords...) || strings.Contains(c.Documentation, secondaryPage) {
		return true
	}
	return remaining != nil && *remaining > 0 && !c.mentions("api rate limit exceeded")
}
