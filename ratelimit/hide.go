package ratelimit

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

const (
	// hidden is in the place of a credential.
	hidden = "***"
	// shortestSecret is how long a credential must be to be hidden: to replace less
	// would spoil the words and hide nothing.
	shortestSecret = 8
	// telling is how many characters of a credential, one after the other, are hidden
	// wherever they are: an SCM may repeat a part of it, such as the JWT that an
	// installation token of GitHub holds after its prefix.
	telling = 16
)

// hide takes what a request was authenticated with out of the words of a refusal, which
// are told to whoever may read a status: an SCM, or a proxy before it, may repeat it.
func hide(req *http.Request, words []byte) []byte {
	if len(words) == 0 {
		return words
	}
	secrets := credentials(req.Header)
	if len(secrets) == 0 {
		return words
	}
	if bytes.ContainsRune(words, '\\') {
		// JSON may escape any character.
		decoder := json.NewDecoder(bytes.NewReader(words))
		decoder.UseNumber()
		var parsed any
		if decoder.Decode(&parsed) == nil {
			if encoded, err := json.Marshal(withoutIn(secrets, parsed)); err == nil {
				return encoded
			}
		}
	}
	return []byte(without(secrets, string(words)))
}

// credentials are the texts that give a request's credential away, longest first.
func credentials(header http.Header) (secrets []string) {
	scheme, credential, _ := strings.Cut(header.Get("Authorization"), " ")
	secrets = []string{credential}
	if plain, err := base64.StdEncoding.DecodeString(credential); err == nil && strings.EqualFold(scheme, "Basic") {
		_, password, _ := strings.Cut(string(plain), ":")
		secrets = append(secrets, string(plain), password)
	}
	for _, secret := range slices.Clone(secrets) {
		secrets = append(secrets, url.QueryEscape(secret), url.PathEscape(secret))
	}
	secrets = slices.DeleteFunc(secrets, func(secret string) bool { return len(secret) < shortestSecret })
	slices.SortFunc(secrets, func(a, b string) int { return len(b) - len(a) })
	return slices.Compact(secrets)
}

func without(secrets []string, text string) string {
	for _, secret := range secrets {
		text = strings.ReplaceAll(text, secret, hidden)
	}
	for _, secret := range secrets {
		text = withoutParts(secret, text)
	}
	return text
}

// withoutParts replaces each part of a secret that is long enough to be telling.
func withoutParts(secret, text string) string {
	if len(secret) <= telling {
		return text
	}
	var out strings.Builder
	for i := 0; i < len(text); {
		end := i + telling
		if end > len(text) || !strings.Contains(secret, text[i:end]) {
			out.WriteByte(text[i])
			i++
			continue
		}
		for end < len(text) && strings.Contains(secret, text[i:end+1]) {
			end++
		}
		out.WriteString(hidden)
		i = end
	}
	return out.String()
}

// withoutIn is without for every text in a value of JSON.
func withoutIn(secrets []string, value any) any {
	switch v := value.(type) {
	case string:
		return without(secrets, v)
	case []any:
		for i := range v {
			v[i] = withoutIn(secrets, v[i])
		}
	case map[string]any:
		for key := range v {
			v[key] = withoutIn(secrets, v[key])
		}
	}
	return value
}
