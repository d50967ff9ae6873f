package ratelimit

import (
	"encoding/base64"
	"net/http"
	"strings"

	"github.com/argoproj-labs/commit-status-hub/ratelimit/response"
)

// redact removes a request's credential from the body of a refusal, which reaches statuses and
// logs: an SCM, or a proxy in front of it, may repeat it.
func redact(req *http.Request, words []byte) []byte {
	if len(words) == 0 {
		return words
	}
	return []byte(response.NewRedactor(credentials(req.Header)...).Redact(string(words)))
}

// credentials returns the texts that reveal a request's credential.
func credentials(header http.Header) []string {
	scheme, credential, _ := strings.Cut(header.Get("Authorization"), " ")
	if plain, err := base64.StdEncoding.DecodeString(credential); err == nil && strings.EqualFold(scheme, "Basic") {
		_, password, _ := strings.Cut(string(plain), ":")
		return []string{credential, string(plain), password}
	}
	return []string{credential}
}
