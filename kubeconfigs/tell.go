package kubeconfigs

import corev1 "k8s.io/api/core/v1"

// tell notes the outcome of an attempt. Log and event are for changes only.
func (m *member) tell(o outcome) {
	p := m.provider
	health := diagnose(m.clean(o.err))
	switch {
	case o.kept && o.watching():
		health.State = m.stateOfKept()
		health.Message = printable("the new kubeconfig is not used yet, the one before still is: " + health.Message)
	case o.kept:
		health.Message = printable("neither the new kubeconfig works nor the one before: " + health.Message + "; before: " + diagnose(m.clean(o.doubt)).Message)
	}
	m.mu.Lock()
	if health.Reason == ReasonCRDsMissing {
		m.serving.vanishedAt = p.options.Clock.Now()
	}
	if m.holds = o.err == nil; m.holds {
		health = m.watching()
	}
	slow := health.Reason == ReasonListing && m.health.Reason == ReasonListing
	changed := health.State != m.health.State || health.Reason != m.health.Reason
	health.Since, health.CredentialExpiry, health.Twins = m.health.Since, m.wish.life.until, m.twinsNow()
	if health.CredentialExpiry.Equal(m.health.CredentialExpiry) {
		health.RenewalError = m.health.RenewalError
	}
	if changed {
		health.Since = p.options.Clock.Now()
	}
	news := health != m.health || slow
	m.health = health
	secret := m.wish.secret
	m.mu.Unlock()
	if news {
		p.news()
	}
	if changed {
		m.announce(secret, health)
	}
}

// clean returns an error whose text has neither the token that the Secret holds nor the one
// that is in use: what an answer caused, the member may have worded.
func (m *member) clean(err error) error {
	w, _ := m.told()
	if current := m.engaged(); current != nil && current.wish.access != nil {
		err = hideIn(err, current.wish.access.BearerToken)
	}
	if w.access != nil {
		err = hideIn(err, w.access.BearerToken)
	}
	return err
}

// setOutdated takes in what the member does not keep.
func (m *member) setOutdated(field string) {
	m.mu.Lock()
	m.outdated = field
	m.mu.Unlock()
	m.remark()
}

// setForbidden takes in whether the member refuses status patches.
func (m *member) setForbidden(forbidden bool) {
	m.mu.Lock()
	m.forbidden = forbidden
	m.mu.Unlock()
	m.remark()
}

// setRefused takes in what the member says about statuses that it refuses.
func (m *member) setRefused(words string) {
	m.mu.Lock()
	m.refused = words
	m.mu.Unlock()
	m.remark()
}

// remark takes in what there is to say of a member that is watched, if it is. Log and
// event are for changes. Who makes too many of them is looked at by the next check.
func (m *member) remark() {
	if m.remarks.AllowN(m.provider.options.Clock.Now(), 1) {
		m.reassess()
	}
}

// reassess is remark without a bound.
func (m *member) reassess() {
	p := m.provider
	m.mu.Lock()
	health := m.watching()
	watched := m.holds && m.current != nil
	changed := watched && (m.health.State != health.State || m.health.Reason != health.Reason)
	news := changed || watched && (m.health.Unreadable != health.Unreadable || m.health.Message != health.Message)
	health.Since, health.CredentialExpiry, health.RenewalError = m.health.Since, m.health.CredentialExpiry, m.health.RenewalError
	health.Twins = m.health.Twins
	if changed {
		health.Since = p.options.Clock.Now()
	}
	if news {
		m.health = health
	}
	secret := m.wish.secret
	m.mu.Unlock()
	if changed {
		m.announce(secret, health)
	}
	if news {
		p.news()
	}
}

// watching is the member's health while it is watched. The lock is held.
func (m *member) watching() Health {
	s := shortcomings{outdated: m.outdated, refused: m.refused, forbidden: m.forbidden, shared: m.shared}
	if m.current == nil {
		return watching(s)
	}
	served := m.current.cache.service()
	if health, missing := served.health(); missing {
		return health
	}
	s.crowd = m.current.intakes.crowd()
	s.unreadable, s.which = m.current.intakes.unreadable()
	health := watching(s)
	served.limit(&health)
	return health.warned(m.current.wish.life.expiring(m.provider.options.Clock.Now()))
}

// stateOfKept is the state of a member whose engagement of another wish is still in use.
func (m *member) stateOfKept() State {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.watching().State
}

// announce writes the log line and the event of a change.
// A member that is being listed for the first time has nothing to report yet.
func (m *member) announce(secret *corev1.ObjectReference, health Health) {
	if health.State == Connecting {
		return
	}
	m.provider.options.Log.Info("member's health changed", "cluster", m.name, "state", health.State, "reason", health.Reason, "message", health.Message)
	m.provider.record(secret, health)
}

// told is what the member was asked to be last, and how it is.
func (m *member) told() (wish, Health) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.wish, m.health
}

func (m *member) healthNow() Health {
	m.mu.Lock()
	defer m.mu.Unlock()
	health := m.health
	if health.State == Connected && m.current != nil {
		health.LeftOut = m.current.intakes.leftOut()
		health.Unreadable, _ = m.current.intakes.unreadable()
	}
	return health
}
