package github

import (
	"bytes"
	"crypto/x509"
	"encoding/base64"
	"regexp"
	"strings"
	"unicode"
)

var (
	beginLine = regexp.MustCompile(`-----BEGIN [A-Z0-9 ]+-----`)
	endLine   = regexp.MustCompile(`-----END [A-Z0-9 ]+-----`)
	// fileName is what --from-literal takes for the key where --from-file was meant.
	fileName = regexp.MustCompile(`^\S{1,200}\.(pem|key)$`)
	// tokenStart is what GitHub's tokens begin with.
	tokenStart = regexp.MustCompile(`^(gh[a-z]|github_pat)_`)
)

// noPEM returns what is wrong with a text that is no PEM, and what to do.
func noPEM(text []byte) string {
	trimmed := bytes.TrimSpace(text)
	switch {
	case len(trimmed) == 0:
		return "is empty: " + fromFile
	case isKey(text):
		return "is a key in DER form, not a PEM: convert it with openssl rsa -inform DER -in FILE -out app.pem"
	case bytes.IndexByte(text, 0) >= 0:
		return "is no plain text, such as a file in UTF-16: " + fromFile
	case fileName.Match(trimmed):
		return "is the name of a file, not what is in it: use --from-file=privateKey=FILE, not --from-literal"
	case tokenStart.Match(trimmed):
		return "is a token, not a private key: put it under the key token, and set neither spec.github.appID nor installationID"
	}
	if problem := changedPEM(string(text)); problem != "" {
		return problem
	}
	if problem := encoded(trimmed); problem != "" {
		return problem
	}
	return "is not a PEM: " + fromFile
}

// changedPEM returns what happened to a PEM on its way into the Secret, "" for a text in which
// there is none.
func changedPEM(text string) string {
	begin, end := beginLine.FindStringIndex(text), endLine.FindStringIndex(text)
	switch {
	case begin == nil && end == nil:
		return ""
	case strings.Contains(text, `\n`):
		return `is a PEM with \n written out where a line should end: ` + fromFile
	case begin == nil:
		return "is a PEM without its first line, -----BEGIN …: " + fromFile
	case end == nil:
		return "is a PEM without its last line, -----END …, so it was not copied whole: " + fromFile
	case end[0] > begin[1] && !strings.Contains(text[begin[1]:end[0]], "\n"):
		return "is a PEM in one line, whose line breaks are lost: " + fromFile
	}
	return "is a PEM with a line that was changed: " + fromFile
}

// encoded returns how often a PEM is encoded as base64, in words, "" for another text.
func encoded(text []byte) string {
	once := decode(text)
	switch {
	case once == nil:
		return ""
	case isKey(once):
		return "is a key without the lines -----BEGIN … and -----END …: " + fromFile
	case beginLine.Match(once):
		return "is a PEM encoded as base64: under data, encode it once, under stringData or with kubectl create secret not at all"
	case beginLine.Match(decode(bytes.TrimSpace(once))):
		return "is a PEM encoded as base64 twice: under data, encode it once, under stringData or with kubectl create secret not at all"
	}
	return ""
}

// decode returns what a text in base64 stands for, nil for another text.
func decode(text []byte) []byte {
	joined := strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return -1
		}
		return r
	}, string(text))
	decoded, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(joined, "="))
	if err != nil {
		return nil
	}
	return decoded
}

// isKey reports whether DER is a private key.
func isKey(der []byte) bool {
	if _, err := x509.ParsePKCS1PrivateKey(der); err == nil {
		return true
	}
	_, err := x509.ParsePKCS8PrivateKey(der)
	return err == nil
}
