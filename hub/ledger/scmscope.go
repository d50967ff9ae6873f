package ledger

import (
	"github.com/argoproj-labs/commit-status-hub/providers"
)

// RequestClass is what a worker is about to ask of an SCM.
type RequestClass int

const (
	// AskAccount : who it is, or which installation an owner has.
	AskAccount RequestClass = iota
	// AskRead : what is shown.
	AskRead
	// AskWrite : to show something.
	AskWrite
)

// ClassOf is the class of the request that an action begins with.
func ClassOf(action Action) RequestClass {
	if action == ActCreate || action == ActUpdate || action == ActReplace {
		return AskWrite
	}
	return AskRead
}

// classShowed is the class of the request that showed a status: a write, or a look-up.
func classShowed(wrote bool) RequestClass {
	if wrote {
		return AskWrite
	}
	return AskRead
}

// refusalScope is what one refusal is about: the account of a ScmProvider as it was opened, an
// installation, a permission in it, or a repository.
type refusalScope struct {
	scm   string
	epoch uint64
	what  providers.Refused
	// id is the lane or the repository, "" for an account.
	id string
	// class is AskAccount where the refusal is about every request.
	class RequestClass
}

// scopesOf are the scopes whose refusal concerns a request about a key.
func scopesOf(job Job, key Key, lane string, class RequestClass) []refusalScope {
	of := func(what providers.Refused, id string, class RequestClass) refusalScope {
		return refusalScope{scm: job.via.name, epoch: job.via.epoch, what: what, id: id, class: class}
	}
	repository := key.Host + "/" + key.Repository
	scopes := []refusalScope{
		of(providers.RefusedAccount, "", AskAccount), of(providers.RefusedInstallation, lane, AskAccount),
		of(providers.RefusedRepository, repository, AskAccount),
	}
	if class != AskAccount {
		scopes = append(scopes, of(providers.RefusedPermission, lane, class), of(providers.RefusedRepository, repository, class))
	}
	return scopes
}

// scopeOf is what a refusal is about that answered a request of a class.
func scopeOf(job Job, key Key, lane string, class RequestClass, no *providers.Error) refusalScope {
	s := refusalScope{scm: job.via.name, epoch: job.via.epoch, what: no.Refused}
	switch no.Refused {
	case providers.RefusedInstallation:
		s.id = lane
	case providers.RefusedPermission:
		s.id, s.class = lane, class
	case providers.RefusedRepository:
		s.id, s.class = key.Host+"/"+key.Repository, class
	}
	if no.Stale {
		// It may be about what was to be changed alone: a look, which tells, ends it.
		s.class = AskAccount
	}
	return s
}

// ofEveryRequest is the same about every request.
func (s refusalScope) ofEveryRequest() refusalScope {
	s.class = AskAccount
	return s
}

// provenBy is under what scmRefusals.worked has what a scope is about.
func (s refusalScope) provenBy() string {
	if s.what == providers.RefusedAccount {
		return "account " + s.scm
	}
	return s.id
}

// reliedOn are the names in scmRefusals.worked of what a request about a key relies on: the
// account of a ScmProvider, the installation and the repository.
func reliedOn(scm, lane string, key Key) []string {
	return []string{"account " + scm, lane, key.Host + "/" + key.Repository}
}

// reopening is what a ScmProvider was refused before it changed, by its name in
// scmRefusals.worked.
type reopening struct{ scm, what string }
