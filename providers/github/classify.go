package github

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
	"github.com/argoproj-labs/commit-status-hub/ratelimit"
)

// answer is what GitHub said. The body is read only from status 400 on.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// classify says what an answer means: for the budget, and, unless it is a
// success or a redirect, for the status that was asked for.
func classify(q question, a answer, now time.Time) (ratelimit.Feedback, *providers.Error) {
	f := ratelimit.Budget(a.header, now)
	remaining := f.Remaining
	if q.operation == opCreateToken {
		// GitHub counts this one for the App, not for the installation.
		f = ratelimit.Feedback{}
	}
	// GitHub docs, "Best practices for using the REST API": a conditional request
	// that is answered 304 does not count, if it is authorized, as all of ours are.
	f.Free = a.status == http.StatusNotModified
	if a.status < http.StatusBadRequest {
		return f, nil
	}
	r := parse(a.body)
	if a.limited(r, remaining) {
		f.Limited, f.Secondary = true, r.secondary(remaining)
		f.PauseUntil = ratelimit.PauseAsked(a.header, now)
		return f, providers.Errorf(v1alpha1.ReasonPending, "%s limits the requests of %s", q.host, q.who())
	}
	if a.status >= http.StatusInternalServerError || a.status == http.StatusRequestTimeout {
		e := providers.Errorf(v1alpha1.ReasonUnavailable, "%s answered %d %s", q.host, a.status, http.StatusText(a.status))
		e.Unknown = q.write()
		f.PauseUntil, _ = ratelimit.RetryAfter(a.header, now)
		return f, e
	}
	if providers.OfProxy(a.status, r.own) {
		f.Foreign = true
		return f, notGitHub(q, a.status)
	}
	if e := unscoped(q, a); e != nil {
		return f, e
	}
	return f, refused(q, a.status, r)
}

// notGitHub says that something else than GitHub's API answered: at the root of GitHub
// Enterprise Server there are web pages, and forms that take no request without their token.
func notGitHub(q question, status int) *providers.Error {
	switch status {
	case http.StatusNotFound, http.StatusNotAcceptable, http.StatusUnprocessableEntity:
		if q.rootless {
			e := noAPI(q)
			e.Unknown = q.write()
			return e
		}
	}
	return providers.ProxyAnswered(q.host, "GitHub", status, q.write())
}

// noAPI is that GitHub Enterprise Server has its API somewhere else.
func noAPI(q question) *providers.Error {
	return providers.Errorf(v1alpha1.ReasonUnavailable,
		"%s has no API at spec.github.apiURL: on GitHub Enterprise Server it is https://HOST/api/v3", q.host)
}

// refused says what GitHub refused, for statuses from 400 to 499.
func refused(q question, status int, r complaint) *providers.Error {
	if e := notAUser(q, status, r); e != nil {
		return e
	}
	switch status {
	case http.StatusUnauthorized:
		return unauthorized(q, r)
	case http.StatusForbidden:
		return forbidden(q, r)
	case http.StatusNotFound:
		if r.mentions("integration not found") {
			return providers.Refuse(providers.RefusedAccount, v1alpha1.ReasonCredentialsInvalid,
				"%s knows no GitHub App %d: check spec.github.appID", q.host, q.appID)
		}
		return missing(q)
	}
	if r.mentions("no commit found for sha") {
		return providers.Errorf(v1alpha1.ReasonCommitNotFound, "repository %s has no commit %s", q.repository, q.sha)
	}
	if q.operation == opCreateStatus && slices.ContainsFunc(r.fields(), isFull) {
		return providers.Errorf(v1alpha1.ReasonInvalid,
			"commit %.7s has the most statuses named %q that GitHub keeps, 1000: it takes another name or another commit", q.sha, q.name)
	}
	text := r.text()
	if text == "" {
		return providers.Errorf(v1alpha1.ReasonInvalid, "GitHub refused it: %d %s", status, http.StatusText(status))
	}
	return providers.Errorf(v1alpha1.ReasonInvalid, "GitHub refused it: %s", text)
}

func unauthorized(q question, r complaint) *providers.Error {
	if q.operation == opCreateToken || q.operation == opFindInstallation {
		return providers.Refuse(providers.RefusedAccount, v1alpha1.ReasonCredentialsInvalid,
			"GitHub refuses the private key of GitHub App %d%s%s", q.appID, quoted(r), clockOff(q))
	}
	what := providers.RefusedInstallation
	if q.holder != "" {
		what = providers.RefusedAccount
	}
	return providers.Refuse(what, v1alpha1.ReasonCredentialsInvalid, "GitHub refuses the token of %s%s", q.who(), quoted(r))
}

func forbidden(q question, r complaint) *providers.Error {
	switch {
	case r.mentions("suspended"):
		return providers.Refuse(providers.RefusedInstallation, v1alpha1.ReasonCredentialsInvalid, "%s is suspended", q.who())
	case r.mentions("invalid app_id"):
		// Looked up before the next try: the App's own run may be another one.
		err := providers.Errorf(v1alpha1.ReasonCredentialsInvalid,
			"check run %d was made by another GitHub App: GitHub App %d cannot change it", q.run, q.appID)
		err.Stale = true
		return err
	case r.mentions("resource not accessible"):
		// A user's token has its permissions by repository, an App by installation.
		what := providers.RefusedPermission
		if q.holder != "" {
			what = providers.RefusedRepository
		}
		return providers.Refuse(what, v1alpha1.ReasonCredentialsInvalid, "%s lacks the permission %s in %s",
			q.who(), permission(q), q.repository)
	case r.mentions("archived"):
		return providers.Errorf(v1alpha1.ReasonInvalid, "repository %s is archived, which makes it read-only", q.repository)
	}
	what := providers.RefusedRepository
	if q.repository == "" {
		what = providers.RefusedInstallation
	}
	return providers.Refuse(what, v1alpha1.ReasonCredentialsInvalid, "GitHub denies it to %s%s", q.who(), quoted(r))
}

// missing is a 404, which GitHub also answers where something is there but not
// for us to see.
func missing(q question) *providers.Error {
	switch q.operation {
	case opCreateToken:
		return providers.Refuse(providers.RefusedInstallation, v1alpha1.ReasonCredentialsInvalid,
			"GitHub App %d has no installation %d: it was removed, or belongs to another App", q.appID, q.installation)
	case opFindInstallation:
		return providers.Refuse(providers.RefusedRepository, v1alpha1.ReasonRepoNotFound,
			"repository %s does not exist, or GitHub App %d is not installed on it", q.repository, q.appID)
	case opUpdate:
		e := providers.Refuse(providers.RefusedRepository, v1alpha1.ReasonRepoNotFound,
			"repository %s or its check run %d does not exist, or %s has no access", q.repository, q.run, q.who())
		// Nothing happened, but the SCM does not show what was assumed: only a
		// look-up finds out whether the run is gone or the repository.
		e.Stale = true
		return e
	}
	if q.operation == opCreateStatus {
		return providers.Refuse(providers.RefusedRepository, v1alpha1.ReasonRepoNotFound,
			"repository %s does not exist, or %s has no access to it: it takes %s", q.repository, q.who(), permission(q))
	}
	return providers.Refuse(providers.RefusedRepository, v1alpha1.ReasonRepoNotFound,
		"repository %s does not exist, or %s has no access to it", q.repository, q.who())
}

// permission is what q needs.
func permission(q question) string {
	switch {
	case q.operation == opCreateStatus:
		return "commit statuses: write (or scope repo:status)"
	case q.operation == opListStatuses:
		return "commit statuses: read (or scope repo:status)"
	case q.write():
		return "checks:write"
	}
	return "checks:read"
}

// isFull reports whether GitHub complains that a commit has 1000 statuses of a name.
func isFull(field string) bool { return strings.Contains(field, "maximum number of statuses") }

// unscoped is that a classic token lacks the scope to write statuses. GitHub answers
// as if the repository were not there, and tells the scopes in a header, which says
// nothing in the answers to other tokens.
func unscoped(q question, a answer) *providers.Error {
	scopes := a.header.Get("X-OAuth-Scopes")
	if q.operation != opCreateStatus || a.status != http.StatusNotFound || scopes == "" {
		return nil
	}
	for scope := range strings.SplitSeq(scopes, ",") {
		switch strings.TrimSpace(scope) {
		case "repo", "public_repo", "repo:status":
			return nil
		}
	}
	return providers.Refuse(providers.RefusedPermission, v1alpha1.ReasonCredentialsInvalid,
		"the token of %s lacks the scope repo:status", q.who())
}
