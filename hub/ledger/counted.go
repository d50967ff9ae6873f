package ledger

import "github.com/argoproj-labs/commit-status-hub/providers"

// joined is a Dialect for what several claims show together. A text that the SCM cannot
// change while the phase stays, such as a count in GitLab, is nobody's own: it counts as
// shown, and is brought up to date with the next phase.
type joined struct{ providers.Dialect }

// Next says what leads from shown to want.
func (j joined) Next(shown *providers.Shown, want providers.Status) providers.Step {
	step := j.Dialect.Next(shown, want)
	if step == providers.StepUnsupported && shown != nil && samePhase(j.Dialect, shown.Status, want) {
		return providers.StepNone
	}
	return step
}

// joinedAccount is an Account that shows what several claims want together.
type joinedAccount struct{ providers.Account }

// Next says what leads from shown to want.
func (j joinedAccount) Next(shown *providers.Shown, want providers.Status) providers.Step {
	return joined{j.Account}.Next(shown, want)
}

// through is the account that brings a verdict to an SCM, nil for none.
func (v Verdict) through(account providers.Account) providers.Account {
	if v.Joined == nil || account == nil {
		return account
	}
	return joinedAccount{account}
}
