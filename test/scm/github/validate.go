package github

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// maxOutput is the length of the longest summary or text (GitHub docs, "Create a
// check run": 65535 characters). Which unit that is differs between reports, so
// bytes are counted, which are never fewer.
const maxOutput = 65535

var (
	statuses    = []string{statusQueued, statusInProgress, statusCompleted}
	conclusions = []string{"action_required", "cancelled", "failure", "neutral", "success", "skipped", "timed_out"}
)

// validateCreate refuses what cannot become a run.
func (c *change) validateCreate() *refused {
	if blank(c.name) {
		return invalid("\"name\" wasn't supplied.")
	}
	if blank(c.headSHA) {
		return invalid("\"head_sha\" wasn't supplied.")
	}
	return c.validate()
}

// validateUpdate refuses what a run cannot be changed to.
func (c *change) validateUpdate() *refused {
	if c.name != nil && *c.name == "" {
		return invalid("\"name\" can't be blank.")
	}
	return c.validate()
}

func (c *change) validate() *refused {
	if c.status != nil && !slices.Contains(statuses, *c.status) {
		return notMember("status", *c.status, statuses)
	}
	// "stale" is for GitHub itself to set.
	if c.conclusion != nil && !slices.Contains(conclusions, *c.conclusion) {
		return notMember("conclusion", *c.conclusion, conclusions)
	}
	if c.status != nil && *c.status == statusCompleted && c.conclusion == nil {
		return invalid("No subschema in \"anyOf\" matched.\n\"conclusion\" wasn't supplied.")
	}
	return c.validateURL()
}

func (c *change) validateURL() *refused {
	if c.detailsURL == nil || isWeb(*c.detailsURL) {
		return nil
	}
	r := refusal(http.StatusUnprocessableEntity, "Validation Failed")
	r.fields = []fieldError{{
		Resource: "CheckRun",
		Code:     "custom",
		Field:    "details_url",
		Message:  "details_url must use http or https scheme",
	}}
	return r
}

func isWeb(text string) bool {
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != ""
}

func notMember(field, value string, of []string) *refused {
	return invalid("For 'properties/%s', %q is not a member of [%q].", field, value, strings.Join(of, `", "`))
}

func blank(s *string) bool { return s == nil || *s == "" }
