package ledger

// statusInputOf gathers how an object stands; ok is false while its key waits for
// its first attempt.
func (l *Ledger) statusInputOf(o *object) (_ statusInput, ok bool) {
	s := statusInput{generation: o.source.Generation, before: o.statusNow(), problem: o.problem, sha: o.source.Spec.SHA}
	if o.problem != nil {
		return s, true
	}
	e := l.entryOf(o.key())
	v, ok := l.verdict(e)
	return l.statusInputBy(s, o, e, v, ok)
}

// statusInputBy completes what statusOf needs to know of a claimant by the verdict on its key.
func (l *Ledger) statusInputBy(s statusInput, o *object, e *entry, v Verdict, ok bool) (statusInput, bool) {
	if s.suspended = ok && l.scms[v.Owner.Provider].suspended; s.suspended {
		s.claim, s.verdict = o.claim(), v
		return s, true
	}
	waits := v.WaitFor != "" || e.source == unread // the key has not been looked at yet
	if !ok || waits && e.pendingOf(l.attemptOf(v)) == nil && e.failureOf(l.attemptOf(v)) == nil {
		return s, false
	}
	s.claim, s.verdict = o.claim(), v
	s.shown, s.certain, s.lost, s.writer, s.updatedAt = e.Shown, e.Certain(), e.doubtful(), e.writer, e.updatedAt
	now := l.attemptOf(v)
	s.failure, s.pending = e.failureOf(now), e.pendingOf(now)
	scm := l.scms[v.Owner.Provider]
	s.drifted, s.title = e.driftFrom(v.Want), scm.kind.Title()
	if scm.account != nil {
		s.dialect = scm.account
	}
	if o.moves() {
		lane := ""
		if scm.account != nil {
			lane, _ = scm.account.Lane(v.Owner.Repository)
		}
		s.moving = l.waitsForOldPlace(o, lane)
	}
	return s, !s.moving || s.pending != nil
}
