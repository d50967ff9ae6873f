package hub

import (
	"crypto/tls"
	"fmt"
	"net/http"

	certutil "k8s.io/client-go/util/cert"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/manager"

	"github.com/argoproj-labs/commit-status-hub/hub/web"
	"github.com/argoproj-labs/commit-status-hub/kubeconfigs"
	"github.com/argoproj-labs/commit-status-hub/ratelimit"
)

// addWeb adds the fleet page, on every replica.
func addWeb(mgr manager.Manager, h *hub, members *kubeconfigs.Provider, installations *ratelimit.Installations, last *lastEvents, clk clock.WithTicker, o Options) error {
	if o.WebBindAddress == "" || o.WebBindAddress == "0" {
		return nil
	}
	server := web.New(web.Options{
		BindAddress: o.WebBindAddress,
		Authorize: func(next http.Handler) (http.Handler, error) {
			allowed, err := web.Access(mgr.GetConfig(), mgr.GetHTTPClient(), o.Log)
			if err != nil {
				return nil, err
			}
			return allowed(next), nil
		},
		TLS: selfSigned,
		Source: web.Source{
			Ledger: h.ledger, Installations: installations, Waits: h.waits, Members: members.Health, LastEvents: last.of,
			ScmProviders: mgr.GetClient(), Namespace: o.Namespace, Leader: h.lead.leader, Version: o.Version, Clock: clk,
		},
		Log: o.Log,
	})
	if err := mgr.Add(server); err != nil {
		return fmt.Errorf("adding the fleet page: %w", err)
	}
	return nil
}

// selfSigned makes a certificate of its own, as the metrics have it: who asks sends a token, and
// checks the hub by other means, such as the port that is forwarded.
func selfSigned() (*tls.Config, error) {
	certificate, key, err := certutil.GenerateSelfSignedCertKey("localhost", nil, nil)
	if err != nil {
		return nil, fmt.Errorf("making a key: %w", err)
	}
	pair, err := tls.X509KeyPair(certificate, key)
	if err != nil {
		return nil, fmt.Errorf("reading the key back: %w", err)
	}
	return &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}}, nil
}

// waits returns what waits for each installation.
func (h *hub) waits() map[string]ratelimit.Waits {
	if q := h.queue.Load(); q != nil {
		return q.Waits()
	}
	return nil
}

// leader reports whether this replica may write now, and the name of the one that leads, "" where
// that is not known.
func (l *Lead) leader() (leads bool, name string) {
	if l == nil {
		return true, ""
	}
	if l.mayNow() {
		return true, l.Identity()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.holder == l.Identity() {
		return false, ""
	}
	return false, l.holder
}
