package github

import (
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/bradleyfalzon/ghinstallation/v2"
	"github.com/golang-jwt/jwt/v4"
	"k8s.io/utils/clock"
)

// The life of the JWT that a GitHub App signs. GitHub docs, "Generating a JSON Web Token
// (JWT) for a GitHub App": iat 60 s in the past, against clock drift, and exp no more than
// 10 min in the future, of which one is left to spare.
const (
	issuedBefore = 60 * time.Second
	expiresAfter = 9 * time.Minute
)

// notableSkew is the difference between two clocks from which on it may be why GitHub
// refuses a JWT: half of what issuedBefore covers.
const notableSkew = 30 * time.Second

// remoteClock tells GitHub's time: the hub's, shifted by the Date of GitHub's newest answer.
type remoteClock struct {
	clock clock.PassiveClock
	// skew is how far the hub's clock is ahead of GitHub's, in nanoseconds.
	skew atomic.Int64
}

// observe learns the skew from an answer that has just arrived. One without a readable
// Date changes nothing.
func (c *remoteClock) observe(header http.Header) {
	if date, err := http.ParseTime(header.Get("Date")); err == nil {
		c.skew.Store(int64(c.clock.Now().Sub(date)))
	}
}

// ahead returns how far the hub's clock is ahead of GitHub's; negative where it is behind.
func (c *remoteClock) ahead() time.Duration { return time.Duration(c.skew.Load()) }

// now returns GitHub's time, to the second: GitHub refuses fractions in a JWT.
func (c *remoteClock) now() time.Time { return c.clock.Now().Add(-c.ahead()).Truncate(time.Second) }

// signer signs JWTs that are timed by GitHub's clock.
type signer struct {
	ghinstallation.Signer
	clock *remoteClock
}

// Sign implements ghinstallation.Signer, which sets the times by the local clock.
func (s signer) Sign(claims jwt.Claims) (string, error) {
	registered, ok := claims.(*jwt.RegisteredClaims)
	if !ok {
		return "", fmt.Errorf("signing a JWT: its claims are a %T", claims)
	}
	now := s.clock.now()
	registered.IssuedAt = jwt.NewNumericDate(now.Add(-issuedBefore))
	registered.ExpiresAt = jwt.NewNumericDate(now.Add(expiresAfter))
	return s.Signer.Sign(registered)
}

// resigning sends a signed request once more where the answer to it showed that its JWT was
// timed by a wrong clock.
type resigning struct {
	next    http.RoundTripper
	account *account
}

// RoundTrip implements http.RoundTripper. Only requests that change nothing worth counting
// are signed as the App: to find an installation, and to ask for a token.
func (r resigning) RoundTrip(req *http.Request) (*http.Response, error) {
	before := r.account.remote.ahead()
	resp, err := r.next.RoundTrip(req)
	if err == nil || (r.account.remote.ahead()-before).Abs() < notableSkew || req.Body != nil && req.GetBody == nil {
		return resp, err
	}
	again := req.Clone(req.Context())
	if req.GetBody != nil {
		body, err := req.GetBody()
		if err != nil {
			return nil, fmt.Errorf("sending a request again: %w", err)
		}
		again.Body = body
	}
	return r.account.appsTransport(r.next).RoundTrip(again)
}

// clockOff says how far the hub's clock is off, after other words, "" where that is not
// worth telling. It is rounded, so that the same cause has the same words.
func clockOff(q question) string {
	off, side := q.ahead.Abs().Round(10*time.Second), "ahead of"
	if q.ahead < 0 {
		side = "behind"
	}
	if off < notableSkew {
		return ""
	}
	return fmt.Sprintf("; the hub's clock is %s %s that of %s", off, side, q.host)
}
