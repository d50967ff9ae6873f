package gitlab

import (
	"net/http"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
)

// judge says what an answer means for the status that was asked for, nil for a
// success or a redirect. The body is of an answer from 400 on.
func judge(q question, status int, body []byte) *providers.Error {
	switch {
	case status < http.StatusBadRequest:
		return nil
	case status == http.StatusTooManyRequests:
		return providers.Errorf(v1alpha1.ReasonPending, "%s limits the requests of %s", q.host, q.who)
	case status >= http.StatusInternalServerError || status == http.StatusRequestTimeout:
		e := providers.Errorf(v1alpha1.ReasonUnavailable, "%s answered %d %s", q.host, status, http.StatusText(status))
		e.Unknown = q.write()
		return e
	}
	c := parse(body)
	switch foreign := providers.OfProxy(status, c.own); {
	case foreign && q.operation == opUser && status == http.StatusNotFound:
		return providers.Errorf(v1alpha1.ReasonUnavailable, "%s has no API of GitLab at the path of spec.gitlab.apiURL", q.host)
	case foreign:
		return providers.ProxyAnswered(q.host, "GitLab", status, q.write())
	}
	return refused(q, status, c)
}

// refused says what GitLab refused, for statuses from 400 to 499.
func refused(q question, status int, c complaint) *providers.Error {
	switch status {
	case http.StatusUnauthorized:
		return providers.Refuse(providers.RefusedAccount, v1alpha1.ReasonCredentialsInvalid, "%s refuses the token of %s%s", q.host, q.who, quoted(c))
	case http.StatusForbidden:
		return forbidden(q, c)
	case http.StatusNotFound:
		return missing(q, c)
	case http.StatusMethodNotAllowed:
		if c.mentions("moved projects") {
			return providers.Moved(q.repository, "")
		}
	case http.StatusConflict:
		// It was not applied. GitLab has waited for the other write already.
		return providers.Errorf(v1alpha1.ReasonUnavailable, "another status of commit %s is being written in %s", q.sha, q.repository)
	}
	text := c.text()
	switch {
	case c.mentions("cannot transition status"):
		// The SCM does not show what was assumed: a look-up has to find out what it shows.
		e := providers.Errorf(v1alpha1.ReasonUnavailable, "somebody else has changed the status: %s", text)
		e.Stale = true
		return e
	case c.mentions("name has already been taken"):
		return providers.Errorf(v1alpha1.ReasonInvalid, "a CI job of the commit's pipeline has the same name as the status")
	case text == "":
		return providers.Errorf(v1alpha1.ReasonInvalid, "GitLab refused it: %d %s", status, http.StatusText(status))
	}
	return providers.Errorf(v1alpha1.ReasonInvalid, "GitLab refused it: %s", text)
}

func forbidden(q question, c complaint) *providers.Error {
	switch {
	case c.Code == "insufficient_scope":
		return providers.Refuse(providers.RefusedPermission, v1alpha1.ReasonCredentialsInvalid, "the token of %s lacks the scope api", q.who)
	case c.mentions("blocked"):
		return providers.Refuse(providers.RefusedAccount, v1alpha1.ReasonCredentialsInvalid, "%s is blocked", q.who)
	case q.operation == opSet:
		return providers.Refuse(providers.RefusedRepository, v1alpha1.ReasonCredentialsInvalid,
			"%s lacks the role Developer in %s, or Maintainer where the branch is protected", q.who, q.repository)
	case q.operation == opList:
		return providers.Refuse(providers.RefusedRepository, v1alpha1.ReasonCredentialsInvalid, "%s lacks the role Reporter in %s", q.who, q.repository)
	}
	return providers.Refuse(providers.RefusedAccount, v1alpha1.ReasonCredentialsInvalid, "%s denies it to %s%s", q.host, q.who, quoted(c))
}

// missing is a 404, which GitLab also answers where something is there but not
// for us to see.
func missing(q question, c complaint) *providers.Error {
	switch {
	case q.operation == opUser:
		return providers.Errorf(v1alpha1.ReasonInvalid, "%s has no API of GitLab at the path of spec.gitlab.apiURL", q.host)
	case c.mentions("404 pipeline for"):
		// Nothing happened, but the pipeline is gone with its statuses: a look-up has to find
		// out what is left.
		e := providers.Errorf(v1alpha1.ReasonUnavailable, "pipeline %d of commit %s in %s does not exist any more", q.pipeline, q.sha, q.repository)
		e.Stale = true
		return e
	case c.mentions("404 references for commit"):
		return providers.Errorf(v1alpha1.ReasonCommitNotFound, "commit %s is on no branch or tag of %s", q.sha, q.repository)
	case c.mentions("404 commit"):
		return providers.Errorf(v1alpha1.ReasonCommitNotFound, "project %s has no commit %s", q.repository, q.sha)
	}
	return providers.Refuse(providers.RefusedRepository, v1alpha1.ReasonRepoNotFound, "project %s does not exist, or %s has no access to it", q.repository, q.who)
}
