package chaos

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/argoproj-labs/commit-status-hub/test/faults"
)

const (
	// memberMeets is how long a fault of a member waits for a request to meet.
	memberMeets = 15 * time.Second
	// tokenMeets is the same for a token: the API server believes one for 10 s.
	tokenMeets = 20 * time.Second
	// smallPage makes lists come in pages.
	smallPage = "5"
)

// injectMember has a member's API server misbehave, and reports whether a request met that.
func (w *world) injectMember(ctx context.Context, m *member, fault Fault) (met bool, err error) {
	defer m.front.Behave()
	switch fault.Kind {
	case Hang:
		m.front.Misbehave(faults.Fault{Delay: time.Hour})
		return m.lasts(ctx, fault), nil
	case Reset:
		m.front.Misbehave(faults.Fault{Reset: true})
		return m.lasts(ctx, fault), nil
	case Restart:
		before := m.failed.Load()
		err := m.cluster.RestartAPIServer(ctx)
		return m.failed.Load() > before, err
	case Gone:
		return m.expire(ctx), nil
	case Certificate:
		return w.rotate(ctx, m, fault)
	case Token:
		return w.revoke(ctx, m)
	}
	return false, fmt.Errorf("%q is no fault of a member", fault.Kind)
}

// lasts waits for as long as a fault lasts, and until a request has met it.
func (m *member) lasts(ctx context.Context, fault Fault) bool {
	wait(ctx, fault.Length)
	return until(ctx, memberMeets, func() bool { return m.front.Met() > 0 })
}

// expire answers watches, and the second page of a list, that they are too old.
func (m *member) expire(ctx context.Context) bool {
	var watches, pages atomic.Int64
	m.front.Misbehave(faults.Fault{Answer: func(out http.ResponseWriter, r *http.Request) bool {
		query := r.URL.Query()
		watching, _ := strconv.ParseBool(query.Get("watch"))
		switch {
		case watching && watches.Load() < 2:
			watches.Add(1)
		case query.Has("continue") && pages.Load() < 1:
			pages.Add(1)
		case query.Has("limit"):
			query.Set("limit", smallPage)
			r.URL.RawQuery = query.Encode()
			return false
		default:
			return false
		}
		return gone(out)
	}})
	m.front.Cut()
	return until(ctx, memberMeets, func() bool { return watches.Load() > 0 && pages.Load() > 0 })
}

func gone(out http.ResponseWriter) bool {
	body, err := json.Marshal(metav1.Status{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Status"}, Status: metav1.StatusFailure,
		Code: http.StatusGone, Reason: metav1.StatusReasonExpired, Message: "too old resource version",
	})
	if err != nil {
		return false
	}
	out.Header().Set("Content-Type", "application/json")
	out.WriteHeader(http.StatusGone)
	_, _ = out.Write(body)
	return true
}

// rotate gives the API server another certificate, of another authority, and after a while
// tells the hub of that.
func (w *world) rotate(ctx context.Context, m *member, fault Fault) (met bool, err error) {
	certificate, err := faults.Stranger()
	if err != nil {
		return false, err
	}
	parsed, err := x509.ParseCertificate(certificate.Certificate[0])
	if err != nil {
		return false, fmt.Errorf("reading a certificate: %w", err)
	}
	m.front.Misbehave(faults.Fault{Certificate: certificate})
	met = m.lasts(ctx, fault)
	m.trust(parsed)
	m.front.Renew(certificate)
	return met, w.rejoin(ctx, m)
}

// revoke takes the hub's token back, and gives it another one when it has noticed.
func (w *world) revoke(ctx context.Context, m *member) (met bool, err error) {
	before := m.unauthorized.Load()
	if !until(ctx, memberMeets, func() bool {
		err = m.cluster.Client.Delete(ctx, m.bound)
		return err == nil
	}) {
		return false, fmt.Errorf("revoking a token: %w", err)
	}
	met = until(ctx, tokenMeets, func() bool { return m.unauthorized.Load() > before })
	if err := m.newToken(ctx); err != nil {
		return met, err
	}
	return met, w.rejoin(ctx, m)
}

// rejoin is join for as long as it takes: the hub's API server may have troubles too.
func (w *world) rejoin(ctx context.Context, m *member) error {
	var err error
	if !until(ctx, time.Minute, func() bool {
		err = w.join(ctx, m)
		return err == nil
	}) {
		return err
	}
	return nil
}
