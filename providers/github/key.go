package github

import (
	"bytes"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
)

// byteOrderMark is what some editors write at the start of a file.
var byteOrderMark = []byte("\xef\xbb\xbf")

// fromFile is what to do about a key that is another one or was changed on its way.
const fromFile = "make the Secret of the file that GitHub made, with --from-file=privateKey=FILE"

// parseKey reads the private key of a GitHub App, PKCS #1 (as GitHub hands it
// out) or PKCS #8. problem says what is wrong and what to do, and nothing of what was read.
func parseKey(text []byte) (key *rsa.PrivateKey, problem string) {
	text = bytes.TrimPrefix(text, byteOrderMark)
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, noPEM(text)
	}
	if block.Type == "ENCRYPTED PRIVATE KEY" || block.Headers["DEK-Info"] != "" {
		return nil, "is encrypted with a passphrase, which the hub does not have: take the passphrase off with openssl rsa -in FILE -out app.pem"
	}
	switch block.Type {
	case "RSA PRIVATE KEY":
		key, err := x509.ParsePKCS1PrivateKey(block.Bytes)
		if err != nil {
			return nil, "is a PEM whose RSA private key cannot be read, since a part is missing or was changed: " + fromFile
		}
		return key, ""
	case "PRIVATE KEY":
		parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
		if err != nil {
			return nil, "is a PEM whose private key cannot be read, since a part is missing or was changed: " + fromFile
		}
		if key, ok := parsed.(*rsa.PrivateKey); ok {
			return key, ""
		}
		return nil, otherKey(algorithm(parsed))
	}
	return nil, otherPEM(block.Type)
}

// algorithm names what a private key that is not an RSA one is for.
func algorithm(key any) string {
	switch key.(type) {
	case *ecdsa.PrivateKey:
		return "an EC"
	case ed25519.PrivateKey:
		return "an Ed25519"
	case *ecdh.PrivateKey:
		return "an X25519"
	}
	return "no RSA"
}

// otherKey is the problem of a private key of another algorithm.
func otherKey(which string) string {
	return "is " + which + " key, and a GitHub App has an RSA key: " + fromFile
}

// otherPEM is the problem of a PEM that is not of an RSA or PKCS #8 private key.
func otherPEM(kind string) string {
	switch kind {
	case "EC PRIVATE KEY", "EC PARAMETERS":
		return otherKey("an EC")
	case "DSA PRIVATE KEY", "DSA PARAMETERS":
		return otherKey("a DSA")
	case "OPENSSH PRIVATE KEY":
		return otherKey("an SSH")
	case "PUBLIC KEY", "RSA PUBLIC KEY":
		return "is a public key, not the private key: " + fromFile
	case "CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE", "CERTIFICATE REQUEST":
		return "is a certificate, not a private key: " + fromFile
	}
	return "is a PEM, but not of a private key: " + fromFile
}
