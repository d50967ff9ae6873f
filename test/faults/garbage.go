package faults

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"io"
	"math/big"
	mathrand "math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// piece is how much of a body that is made on the fly is in memory at a time.
const piece = 64 << 10

// says is a Fault that answers everything the same.
func says(contentType string, body func(http.ResponseWriter)) Fault {
	return Fault{Answer: func(out http.ResponseWriter, _ *http.Request) bool {
		out.Header().Set("Content-Type", contentType)
		body(out)
		return true
	}}
}

// Noise answers random bytes.
func Noise() Fault {
	return says("application/json", func(out http.ResponseWriter) {
		noise := mathrand.NewChaCha8([32]byte{1})
		_, _ = io.CopyN(out, noise, piece)
	})
}

// HalfJSON answers a list that ends in its middle.
func HalfJSON() Fault {
	return says("application/json", func(out http.ResponseWriter) {
		_, _ = io.WriteString(out, `{"kind":"List","apiVersion":"v1","metadata":{"resourceVersion":"1"},"items":[{"metadata":{"name":"bu`)
	})
}

// HTML answers what a proxy's login page does.
func HTML() Fault {
	return says("text/html", func(out http.ResponseWriter) {
		_, _ = io.WriteString(out, "<!DOCTYPE html><html><body>Please log in</body></html>")
	})
}

// WrongType says of what is right that it is something else.
func WrongType() Fault {
	return Fault{Header: func(h http.Header) { h.Set("Content-Type", "image/png") }}
}

// Endless answers a list that never ends.
func Endless() Fault {
	return says("application/json", func(out http.ResponseWriter) {
		item := `{"metadata":{"name":"build","namespace":"default","uid":"1"},"spec":{"sha":"` + strings.Repeat("0", 40) + `"}},`
		_, err := io.WriteString(out, `{"metadata":{"resourceVersion":"1"},"items":[`)
		for many := strings.Repeat(item, piece/len(item)); err == nil; {
			_, err = io.WriteString(out, many)
		}
	})
}

// GiantEvent lets lists be, and has every watch bring one event of so many bytes.
func GiantEvent(size int64) Fault {
	return Fault{Answer: func(out http.ResponseWriter, r *http.Request) bool {
		if watch, _ := strconv.ParseBool(r.URL.Query().Get("watch")); !watch {
			return false
		}
		out.Header().Set("Content-Type", "application/json")
		_, err := io.WriteString(out, `{"type":"ADDED","object":{"metadata":{"name":"giant","annotations":{"a":"`)
		many := strings.Repeat("x", piece)
		for left := size; err == nil && left > 0; left -= piece {
			_, err = io.WriteString(out, many)
		}
		_, _ = io.WriteString(out, `"}}}}`)
		return true
	}}
}

// Stranger is a certificate for 127.0.0.1 of a CA that nobody knows.
func Stranger() (*tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("making a key: %w", err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: "stranger"},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(time.Hour),
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1)},
		KeyUsage:     x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		IsCA:         true, BasicConstraintsValid: true,
	}
	signed, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, fmt.Errorf("signing a certificate: %w", err)
	}
	return &tls.Certificate{Certificate: [][]byte{signed}, PrivateKey: key}, nil
}
