package github

import (
	"bytes"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"strings"
	"testing"
	"unicode/utf16"

	. "github.com/onsi/gomega"

	"github.com/argoproj-labs/commit-status-hub/providers"
)

// must returns what was made.
func must[T any](made T, err error) T {
	if err != nil {
		panic(err)
	}
	return made
}

// block is a PEM of a kind.
func block(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

// encode is a text in base64, with a line break as the tool has it.
func encode(text []byte) []byte { return []byte(base64.StdEncoding.EncodeToString(text) + "\n") }

// wide is a text in UTF-16, as Windows writes it.
func wide(text []byte) (out []byte) {
	for _, unit := range append([]uint16{0xfeff}, utf16.Encode([]rune(string(text)))...) {
		out = append(out, byte(unit), byte(unit>>8))
	}
	return out
}

// lines are the text's lines.
func lines(text []byte) []string { return strings.SplitAfter(strings.TrimSpace(string(text)), "\n") }

func TestParseKey_SaysWhatIsWrongAndWhatToDo(t *testing.T) {
	ec := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	key, public := pkcs1(), must(x509.MarshalPKIXPublicKey(&rsaKey().PublicKey))
	whole := lines(key)
	legacy := &pem.Block{Type: "RSA PRIVATE KEY", Bytes: key[:64], Headers: map[string]string{"Proc-Type": "4,ENCRYPTED", "DEK-Info": "AES-256-CBC,AA"}}
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	for name, c := range map[string]struct {
		text []byte
		want string
		todo string
	}{
		"empty":                     {nil, "is empty", fromFile},
		"blank":                     {[]byte(" \n"), "is empty", fromFile},
		"EC":                        {block("EC PRIVATE KEY", must(x509.MarshalECPrivateKey(ec))), "is an EC key", fromFile},
		"EC with its parameters":    {append(block("EC PARAMETERS", []byte("curve")), block("EC PRIVATE KEY", []byte("x"))...), "is an EC key", fromFile},
		"EC in PKCS 8":              {pkcs8(t, ec), "is an EC key", fromFile},
		"Ed25519":                   {pkcs8(t, ed), "is an Ed25519 key", fromFile},
		"X25519":                    {pkcs8(t, must(ecdh.X25519().GenerateKey(rand.Reader))), "is an X25519 key", fromFile},
		"DSA":                       {block("DSA PRIVATE KEY", []byte("x")), "is a DSA key", fromFile},
		"SSH":                       {block("OPENSSH PRIVATE KEY", []byte("x")), "is an SSH key", fromFile},
		"encrypted":                 {block("ENCRYPTED PRIVATE KEY", []byte("x")), "is encrypted with a passphrase", "openssl rsa -in FILE"},
		"encrypted as of old":       {pem.EncodeToMemory(legacy), "is encrypted with a passphrase", "openssl rsa -in FILE"},
		"public":                    {block("PUBLIC KEY", public), "is a public key", fromFile},
		"public, PKCS 1":            {block("RSA PUBLIC KEY", public), "is a public key", fromFile},
		"certificate":               {block("CERTIFICATE", []byte("x")), "is a certificate", fromFile},
		"certificate request":       {block("CERTIFICATE REQUEST", []byte("x")), "is a certificate", fromFile},
		"another PEM":               {block("PGP MESSAGE", []byte("x")), "is a PEM, but not of a private key", fromFile},
		`\n written out`:            {bytes.ReplaceAll(key, []byte("\n"), []byte(`\n`)), `\n written out`, fromFile},
		`\n written out, in quotes`: {[]byte(`"` + strings.ReplaceAll(string(key), "\n", `\n`) + `"`), `\n written out`, fromFile},
		"in one line":               {bytes.ReplaceAll(key, []byte("\n"), []byte(" ")), "in one line", fromFile},
		"indented":                  {[]byte("  " + strings.Join(whole, "  ")), "a line that was changed", fromFile},
		"base64":                    {encode(key), "is a PEM encoded as base64: ", "under stringData"},
		"base64 in short lines":     {[]byte(wrapped(string(encode(key)))), "is a PEM encoded as base64: ", "under stringData"},
		"base64 twice":              {encode(encode(key)), "is a PEM encoded as base64 twice: ", "under stringData"},
		"without its end":           {[]byte(strings.Join(whole[:len(whole)-1], "")), "without its last line", fromFile},
		"cut in its last line":      {key[:len(key)-8], "without its last line", fromFile},
		"cut in the middle":         {key[:len(key)/2], "without its last line", fromFile},
		"without its start":         {[]byte(strings.Join(whole[1:], "")), "without its first line", fromFile},
		"without both":              {[]byte(strings.Join(whole[1:len(whole)-1], "")), "without the lines -----BEGIN … and -----END …", fromFile},
		"a line is missing":         {[]byte(strings.Join(append(whole[:3:3], whole[4:]...), "")), "cannot be read", fromFile},
		"a line is missing, PKCS 8": {[]byte(strings.Join(append(lines(pkcs8(t, rsaKey()))[:3:3], lines(pkcs8(t, rsaKey()))[4:]...), "")), "cannot be read", fromFile},
		"DER":                       {x509.MarshalPKCS1PrivateKey(rsaKey()), "is a key in DER form", "openssl rsa -inform DER"},
		"UTF-16":                    {wide(key), "is no plain text", fromFile},
		"a file's name":             {[]byte("./app.private-key.pem\n"), "is the name of a file", "not --from-literal"},
		"a token":                   {[]byte("ghp_0123456789abcdefghij"), "is a token", "put it under the key token"},
		"a fine-grained token":      {[]byte("github_pat_0123456789abcdefghij"), "is a token", "put it under the key token"},
		"a hash":                    {[]byte("0123456789abcdef0123456789abcdef01234567"), "is not a PEM", fromFile},
		"words":                     {[]byte("none of your business"), "is not a PEM", fromFile},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			parsed, problem := parseKey(c.text)
			g.Expect(parsed).To(BeNil())
			g.Expect(problem).To(And(ContainSubstring(c.want), ContainSubstring(c.todo)))
			message := providers.Errorf("", "key privateKey of Secret a-name-of-forty-characters-as-there-are-some %s", problem).Message
			g.Expect(message).To(HaveSuffix(problem), "it is not cut")
			for _, word := range strings.FieldsFunc(string(c.text), func(r rune) bool { return r <= ' ' || r == '-' || r == '\\' }) {
				if len(word) > 8 {
					g.Expect(message).NotTo(ContainSubstring(word), "nothing of a key is shown")
				}
			}
		})
	}
}

// wrapped is a text in lines of 76 characters, as base64 writes them.
func wrapped(text string) string {
	var out strings.Builder
	for len(text) > 76 {
		out.WriteString(text[:76] + "\n")
		text = text[76:]
	}
	return out.String() + text
}

func TestParseKey_TakesWhatToolsDoToAFile(t *testing.T) {
	for name, text := range map[string][]byte{
		"line breaks of Windows": bytes.ReplaceAll(pkcs1(), []byte("\n"), []byte("\r\n")),
		"a byte order mark":      append([]byte("\xef\xbb\xbf"), pkcs1()...),
		"blank lines around it":  []byte("\n\n" + string(pkcs1()) + "\n\n"),
		"no last line break":     bytes.TrimSpace(pkcs1()),
		"words before it":        append([]byte("Bag Attributes\n"), pkcs8(t, rsaKey())...),
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			key, problem := parseKey(text)
			g.Expect(problem).To(BeEmpty())
			g.Expect(key.Equal(rsaKey())).To(BeTrue())
		})
	}
}
