package github

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
)

// parseKey reads the private key of a GitHub App, PKCS #1 (as GitHub hands it
// out) or PKCS #8. problem says what is wrong and nothing of what was read.
func parseKey(text []byte) (key *rsa.PrivateKey, problem string) {
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, "is not a PEM"
	}
	switch block.Type {
	case "RSA PRIVATE KEY":
		key, err := x509.ParsePKCS1PrivateKey(block.Bytes)
		if err != nil {
			return nil, "is a PEM whose RSA private key cannot be read"
		}
		return key, ""
	case "PRIVATE KEY":
		parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
		if err != nil {
			return nil, "is a PEM whose private key cannot be read"
		}
		key, ok := parsed.(*rsa.PrivateKey)
		if !ok {
			return nil, "is a private key, but not an RSA one"
		}
		return key, ""
	}
	return nil, "is a PEM, but not of an unencrypted private key"
}
