package kubeconfigs

import (
	"context"
	"errors"
	"fmt"
	"time"
)

const (
	// longestRenewalWait bounds the wait between two attempts to renew a token.
	longestRenewalWait = 15 * time.Minute
	// longestToken is how long a renewed token may be, in bytes. Those of Kubernetes have
	// about 1 KiB.
	longestToken = 16 << 10
	// clockSkew is how far a member's clock may be ahead of the hub's.
	clockSkew = 15 * time.Minute
)

// renewals says when the next attempt to renew a member's token is allowed. The member's
// lock guards it.
type renewals struct {
	failures int
	retryAt  time.Time
}

func (r renewals) allowed(now time.Time) bool { return !now.Before(r.retryAt) }

// failed returns what follows on an attempt that began at a time and failed, of a token
// that ends at expiry: the wait doubles from a minute to a quarter of an hour, and is
// shorter where the token ends soon.
func (r renewals) failed(began, expiry time.Time) renewals {
	wait := min(renewInterval<<min(r.failures, 4), longestRenewalWait, expiry.Sub(began)/4)
	return renewals{failures: r.failures + 1, retryAt: began.Add(max(wait, renewInterval))}
}

// due reports whether half of a token's life is over.
func (c TokenClaims) due(now time.Time) bool {
	return !now.Before(c.IssuedAt.Add(c.Expiry.Sub(c.IssuedAt) / 2))
}

// vetRenewed returns the claims of a token that a member gave in place of another. It
// comes from the member, so it is refused unless it is a token of the same account that does
// not end soon. It may end before the other one: the member's API server may limit the life of
// tokens by now. Nothing of it is repeated in errors. That the account's UID is the same
// matters most: it tells clusters apart.
func vetRenewed(old TokenClaims, token string, now time.Time) (TokenClaims, error) {
	if token == "" {
		return TokenClaims{}, errors.New("the member gave none")
	}
	if len(token) > longestToken {
		return TokenClaims{}, fmt.Errorf("the member gave one of more than %d KiB", longestToken>>10)
	}
	if !tokenCharacters(token) {
		return TokenClaims{}, errors.New("the member gave one with characters that no token has")
	}
	claims, ok := ReadToken(token)
	switch {
	case !ok:
		return TokenClaims{}, errors.New("the member gave one that is no JWT")
	case claims.Namespace != old.Namespace || claims.Name != old.Name || claims.UID != old.UID:
		return TokenClaims{}, errors.New("the member gave one of another account")
	case claims.IssuedAt.IsZero() || claims.Expiry.IsZero() || !claims.Expiry.After(claims.IssuedAt):
		return TokenClaims{}, errors.New("the member gave one that does not tell its life")
	case claims.IssuedAt.After(now.Add(clockSkew)):
		return TokenClaims{}, errors.New("the member gave one that was issued in the future: do the clocks differ?")
	case claims.Expiry.Sub(now) < claims.Expiry.Sub(claims.IssuedAt)/4:
		return TokenClaims{}, errors.New("the member gave one that has ended, or will soon: do the clocks differ?")
	}
	return claims, nil
}

// noteRenewal takes in how an attempt to renew the token of e ended. Log line and event
// are for changes only.
func (m *member) noteRenewal(e *engagement, began, until time.Time, err error) {
	p := m.provider
	err = m.clean(err)
	if err != nil && (errors.Is(err, context.Canceled) || p.member(m.name.String()) != m) {
		return
	}
	health := Health{Reason: ReasonTokenRenewed, Message: "until " + until.UTC().Format(time.RFC3339)}
	problem := ""
	if err != nil {
		problem = printable("the token cannot be renewed: " + err.Error())
		health = Health{Reason: ReasonTokenRenewalFailed, Message: problem}
	}
	m.mu.Lock()
	if err != nil && m.desired.fingerprint != e.desired.fingerprint {
		m.mu.Unlock()
		return // the Secret has another kubeconfig, as the watch of Secrets has told by now
	}
	if err != nil {
		m.renewals = m.renewals.failed(began, e.desired.life.until)
	} else {
		m.renewals = renewals{}
	}
	changed := err == nil || m.health.RenewalError == ""
	m.health.RenewalError = problem
	secret := m.desired.secret
	m.mu.Unlock()
	if !changed {
		return
	}
	p.options.Log.Info("member's token", "cluster", m.name, "reason", health.Reason, "message", health.Message)
	p.record(secret, health)
	p.notify()
}
