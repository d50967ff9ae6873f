package kubeconfigs

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"time"

	"k8s.io/client-go/rest"
)

const (
	// expiringFor is how long before its end a credential counts as expiring, at most; of
	// one that lives for less than five weeks it is a fifth of its life, so that a token
	// that is renewed at half of it never does.
	expiringFor      = 7 * 24 * time.Hour
	expiringFraction = 5
)

// lifetime is when a credential is good: of a token, of a client certificate, or of the one
// that ends first where there are both.
type lifetime struct {
	// from is zero where it is not known.
	from time.Time
	// until is zero where the credential does not end, or where that is not known.
	until time.Time
	// of names the credential for people.
	of string
}

// lifetimeOf reads when the credential of a member is good.
func lifetimeOf(access *rest.Config) lifetime {
	claims, _ := ReadToken(access.BearerToken)
	first := lifetime{from: claims.IssuedAt, until: claims.Expiry, of: "token"}
	for blocks := access.CertData; ; {
		var block *pem.Block
		if block, blocks = pem.Decode(blocks); block == nil {
			return first
		}
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err == nil && (first.until.IsZero() || certificate.NotAfter.Before(first.until)) {
			first = lifetime{from: certificate.NotBefore.UTC(), until: certificate.NotAfter.UTC(), of: "client certificate"}
		}
	}
}

// expiring says that the credential ends soon; "" while it does not.
func (l lifetime) expiring(now time.Time) string {
	if l.until.IsZero() {
		return ""
	}
	early := expiringFor
	if !l.from.IsZero() {
		early = min(early, l.until.Sub(l.from)/expiringFraction)
	}
	if l.until.Sub(now) > early {
		return ""
	}
	return fmt.Sprintf("the %s ends at %s: put a new one into the Secret", l.of, l.until.Format(time.RFC3339))
}
