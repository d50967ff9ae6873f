package ledger

import (
	"strings"
	"time"

	"github.com/argoproj-labs/commit-status-hub/providers"
)

// recordedUse is that a hub used a ScmProvider in a repository, host first, as a sealed status
// says.
type recordedUse struct{ scm, repository string }

// noteRecorded notes that the credential of a ScmProvider worked, where a status of an object
// says so that a hub of ours sealed. It counts where a refusal is judged, and nowhere else:
// one request finds out first whether the credential still works.
func (l *Ledger) noteRecorded(o *object) {
	st, now := o.source.Status, l.clock.Now()
	s := l.scms[st.ScmProvider]
	if st.Provider == nil || st.Provider.Seal != sealRight || st.UpdatedAt == nil || s == nil || s.kind == nil {
		return
	}
	repository, ok := strings.CutPrefix(st.Repo, s.host+"/")
	at := st.UpdatedAt.Time
	if at.After(now) {
		at = now
	}
	of := recordedUse{s.name, s.host + "/" + s.kind.Fold(repository)}
	if ok && now.Sub(at) <= provenFor && at.After(l.refusals.recorded[of]) {
		l.refusals.recorded[of] = at
	}
}

// workedAt is when what a scope is about worked last, zero for never: as this process knows, or
// within provenFor as a status says that a hub of ours sealed.
func (l *Ledger) workedAt(scope refusalScope, now time.Time) time.Time {
	at := l.refusals.worked[scope.provenBy()]
	if now.Sub(at) <= provenFor {
		return at
	}
	if scope.what == providers.RefusedRepository {
		if used := l.refusals.recorded[recordedUse{scope.scm, scope.id}]; used.After(at) {
			return used
		}
		return at
	}
	for of, used := range l.refusals.recorded {
		switch {
		case now.Sub(used) > provenFor:
			delete(l.refusals.recorded, of)
		case of.scm == scope.scm && l.reliedOn(scope, of, used):
			return used
		}
	}
	return at
}

// reliedOn reports whether a use relied on the account or the installation of a scope.
func (l *Ledger) reliedOn(scope refusalScope, of recordedUse, used time.Time) bool {
	if scope.what == providers.RefusedAccount {
		return used.After(l.refusals.changedAccount[of.scm])
	}
	s := l.scms[of.scm]
	if s == nil || s.account == nil {
		return false
	}
	lane, _ := s.account.Lane(strings.TrimPrefix(of.repository, s.host+"/"))
	return lane == scope.id
}
