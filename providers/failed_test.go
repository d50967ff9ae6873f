package providers

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"syscall"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/ratelimit"
)

func TestALostRequestIsToldInWordsThatStayTheSame(t *testing.T) {
	reset := &net.OpError{Op: "read", Net: "tcp", Source: &net.TCPAddr{Port: 54321}, Err: os.NewSyscallError("read", syscall.ECONNRESET)}
	for want, err := range map[string]error{
		"the connection broke before the answer was there": &url.Error{Op: "Post", URL: "https://api.github.com/x", Err: reset},
		"the connection is refused":                        &net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)},
		"the host's name cannot be resolved":               &net.OpError{Op: "dial", Err: &net.DNSError{Name: "api.github.com", IsTimeout: true}},
		"no answer in time":                                fmt.Errorf("wrapped: %w", context.DeadlineExceeded),
		"the request was given up":                         context.Canceled,
		"its certificate is for another host":              x509.HostnameError{Host: "x", Certificate: &x509.Certificate{}},
		"its certificate has expired or is not valid yet":  x509.CertificateInvalidError{Reason: x509.Expired, Cert: &x509.Certificate{}},
		"the TLS handshake went wrong":                     errors.New("remote error: tls: handshake failure"),
		"the answer is not understood":                     fmt.Errorf("wrapped: %w", &time.ParseError{Layout: time.RFC3339, Value: "noon"}),
		"the request went wrong on its way":                errors.New("hush 10.0.0.1:54321"),
	} {
		t.Run(want, func(t *testing.T) {
			g := NewWithT(t)
			failed := Failed("github.com", true, err)
			g.Expect(failed.Reason).To(Equal(v1alpha1.ReasonUnavailable))
			g.Expect(failed.Message).To(Equal("github.com: " + want))
			g.Expect(failed.Unknown).To(BeTrue())
			g.Expect(Failed("github.com", false, err).Unknown).To(BeFalse())
		})
	}
}

func TestWhatIsKnownAlreadyStays(t *testing.T) {
	g := NewWithT(t)
	known := Errorf(v1alpha1.ReasonCommitNotFound, "no such commit")
	g.Expect(Failed("github.com", true, fmt.Errorf("wrapped: %w", known))).To(BeIdenticalTo(known))
}

func TestWhatIsThrottledIsPendingAndWasNotSent(t *testing.T) {
	g := NewWithT(t)
	failed := Failed("github.com", true, &url.Error{Op: "Post", Err: &ratelimit.Throttled{Installation: "github.com/app/1"}})
	g.Expect(failed.Reason).To(Equal(v1alpha1.ReasonPending))
	g.Expect(failed.Message).To(Equal("waiting for the budget of github.com/app/1"))
	g.Expect(failed.Unknown).To(BeFalse())
}
