package providers

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/ratelimit"
)

// ErrNotUnderstood is an answer that was read whole and is not what was asked for.
var ErrNotUnderstood = errors.New("not understood")

// Failed turns what a request to host ended with into an *Error. unknown says that it
// may have been acted upon; what was not sent at all was not.
func Failed(host string, unknown bool, err error) *Error {
	var known *Error
	if errors.As(err, &known) {
		return known
	}
	var throttled *ratelimit.Throttled
	if errors.As(err, &throttled) {
		return Errorf(v1alpha1.ReasonPending, "waiting for the budget of %s", throttled.Installation)
	}
	e := Errorf(v1alpha1.ReasonUnavailable, "%s: %s", host, lost(err))
	e.Unknown = unknown
	return e
}

// lost says how a request ended without an answer that makes sense. The error's
// own text is kept out: it holds ports, addresses and times that change.
func lost(err error) string {
	var (
		dns      *net.DNSError
		netErr   net.Error
		syntax   *json.SyntaxError
		mismatch *json.UnmarshalTypeError
		noTime   *time.ParseError
	)
	switch {
	case errors.Is(err, context.Canceled):
		return "the request was given up"
	case errors.As(err, &dns):
		return "the host's name cannot be resolved"
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded),
		errors.As(err, &netErr) && netErr.Timeout():
		return "no answer in time"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "the connection is refused"
	case untrusted(err) != "":
		return untrusted(err)
	case errors.Is(err, ErrNotUnderstood), errors.As(err, &syntax), errors.As(err, &mismatch),
		errors.As(err, &noTime):
		return "the answer is not understood"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF),
		errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), errors.Is(err, net.ErrClosed):
		return "the connection broke before the answer was there"
	}
	return "the request went wrong on its way"
}

// untrusted says what is wrong with the server's TLS, "" for other errors.
func untrusted(err error) string {
	var (
		authority x509.UnknownAuthorityError
		hostname  x509.HostnameError
		invalid   x509.CertificateInvalidError
		verify    *tls.CertificateVerificationError
		record    tls.RecordHeaderError
	)
	switch {
	case errors.As(err, &authority):
		return "its certificate is signed by an unknown authority"
	case errors.As(err, &hostname):
		return "its certificate is for another host"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "its certificate has expired or is not valid yet"
	case errors.As(err, &invalid), errors.As(err, &verify):
		return "its certificate is not valid"
	case errors.As(err, &record), strings.Contains(err.Error(), "tls: "):
		return "the TLS handshake went wrong"
	}
	return ""
}
