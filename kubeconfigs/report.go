package kubeconfigs

import corev1 "k8s.io/api/core/v1"

// diagnosis is what the last attempt found of the newest Secret.
type diagnosis struct {
	// holds reports whether what is engaged is what it asks for, and kept that the engagement of
	// another Secret is still in use.
	holds, kept bool
	// health is what to say where the engagement has no say, or only in the state.
	health Health
}

// report notes the outcome of an attempt.
func (m *member) report(o outcome) {
	v := diagnosis{holds: o.err == nil, kept: o.kept && o.doubt == nil, health: diagnose(m.clean(o.err))}
	switch {
	case v.kept:
		v.health.Message = printable("the new kubeconfig is not used yet, the one before still is: " + v.health.Message)
	case o.kept:
		v.health.Message = printable("neither the new kubeconfig works nor the one before: " + v.health.Message + "; before: " + diagnose(m.clean(o.doubt)).Message)
	}
	m.mu.Lock()
	if v.health.Reason == ReasonCRDsMissing {
		m.serving.vanishedAt = m.provider.options.Clock.Now()
	}
	m.diagnosis = v
	slow := m.health.Reason == ReasonListing
	m.mu.Unlock()
	m.reassess()
	if slow {
		m.provider.notify() // see announcer.known
	}
}

// clean returns an error whose text has neither the token that the Secret holds nor the one
// that is in use: what an answer caused, the member may have worded.
func (m *member) clean(err error) error {
	w, _ := m.reported()
	if current := m.engaged(); current != nil && current.desired.access != nil {
		err = hideIn(err, current.desired.access.BearerToken)
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

// remark is reassess for what the member's objects can cause as often as they like. Who
// makes too many of them is looked at by the next check.
func (m *member) remark() {
	if m.remarks.AllowN(m.provider.options.Clock.Now(), 1) {
		m.reassess()
	}
}

// reassess reports the member's health after the last attempt and the events of its engagement
// since. It logs and emits events for changes only.
func (m *member) reassess() {
	p := m.provider
	m.mu.Lock()
	if m.current == nil && (m.diagnosis.holds || m.diagnosis.kept) {
		m.mu.Unlock()
		return // the engagement has just ended
	}
	health := m.assess()
	changed := health.State != m.health.State || health.Reason != m.health.Reason
	if changed {
		health.Since = p.options.Clock.Now()
	}
	news := health != m.health
	m.health = health
	secret, expiring := m.desired.secret, m.warns(health)
	m.mu.Unlock()
	if changed {
		m.recordHealth(secret, health)
	}
	if expiring != "" {
		p.record(secret, Health{Reason: ReasonCredentialExpiring, Message: expiring})
	}
	if news {
		p.notify()
	}
}

// assess is the member's health. The lock is held.
func (m *member) assess() Health {
	health := m.diagnosis.health
	switch {
	case m.diagnosis.holds:
		health = m.watching()
	case m.diagnosis.kept:
		health.State = m.watching().State
	}
	life := m.life()
	if expiring := life.expiring(m.provider.options.Clock.Now()); expiring != "" && health.Reason != ReasonCredentialExpiring {
		health.Message = printable(expiring + alsoSaid + health.Message)
	}
	health.Since, health.CredentialExpiry, health.Duplicates = m.health.Since, life.until, m.sameClusterNames()
	if health.CredentialExpiry.Equal(m.health.CredentialExpiry) {
		health.RenewalError = m.health.RenewalError
	}
	return health
}

// life returns when the Secret's credential is good, or that of the engagement before, which is
// in use, where that ends first. The lock is held.
func (m *member) life() lifetime {
	life := m.desired.life
	if !m.diagnosis.kept || m.current == nil {
		return life
	}
	if used := m.current.desired.life; !used.until.IsZero() && (life.until.IsZero() || used.until.Before(life.until)) {
		return used
	}
	return life
}

// warns returns the text of the event that the credential ends soon, once for each credential.
// It returns "" where that is the health's reason, which has an event of its own. The lock is
// held.
func (m *member) warns(health Health) string {
	life := m.life()
	expiring := life.expiring(m.provider.options.Clock.Now())
	if expiring == "" || life.until.Equal(m.warned) {
		return ""
	}
	m.warned = life.until
	if health.Reason == ReasonCredentialExpiring {
		return ""
	}
	return expiring
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
	s.overflow = m.current.limiters.overflow()
	s.unreadable, s.which = m.current.limiters.unreadable()
	health := watching(s)
	served.limit(&health)
	return health.warned(m.current.desired.life.expiring(m.provider.options.Clock.Now()))
}

// recordHealth writes the log line and the event of a change.
// A member that is being listed for the first time has nothing to report yet.
func (m *member) recordHealth(secret *corev1.ObjectReference, health Health) {
	if health.State == Connecting {
		return
	}
	m.provider.options.Log.Info("member's health changed", "cluster", m.name, "state", health.State, "reason", health.Reason, "message", health.Message)
	m.provider.record(secret, health)
}

// reported is what the member was asked to be last, and how it is.
func (m *member) reported() (desired, Health) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.desired, m.health
}

func (m *member) healthNow() Health {
	m.mu.Lock()
	defer m.mu.Unlock()
	health := m.health
	if health.State == Connected && m.current != nil {
		health.LeftOut = m.current.limiters.leftOut()
		health.Unreadable, _ = m.current.limiters.unreadable()
	}
	return health
}
