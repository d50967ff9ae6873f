package ratelimit

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/argoproj-labs/commit-status-hub/ratelimit/response/responsetest"
)

func TestWhatAnSCMRepeatsOfACredentialIsHidden(t *testing.T) {
	const user, token = "me@example.com", "ATATT3x/Canary+0123=CAFE"
	jwt := "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9." + strings.Repeat("aB3-_xyz", 16) + "." + strings.Repeat("Cd4_-uvw", 42)
	installation := "ghs_12345_" + jwt
	basic := base64.StdEncoding.EncodeToString([]byte(user + ":" + token))
	for name, test := range map[string]struct{ authorization, words, want string }{
		"as it is":                    {"Bearer " + token, "no " + token + "!", "no ***!"},
		"with its scheme":             {"token " + token, "token " + token, "token ***"},
		"in a URL":                    {"Bearer " + token, "?t=" + url.QueryEscape(token), "?t=***"},
		"escaped in JSON":             {"Bearer " + token, `{"message":["ATATT3x\/Canary\u002b0123\u003dCAFE",7]}`, `{"message":["***",7]}`},
		"a user's, encoded":           {"Basic " + basic, "got " + basic, "got ***"},
		"a user's, decoded":           {"Basic " + basic, user + ":" + token + " " + token, "*** ***"},
		"of an installation":          {"token " + installation, `{"message":"no ` + installation + `!"}`, `{"message":"no ***!"}`},
		"of an installation, escaped": {"token " + installation, `{"message":"\u0067` + installation[1:] + `"}`, `{"message":"***"}`},
		"without its prefix":          {"token " + installation, "decoding " + jwt + " as JSON", "decoding *** as JSON"},
		"its beginning":               {"token " + installation, "decoding " + installation[:100] + "...", "decoding ***..."},
		"a segment of it":             {"token " + installation, "signature " + jwt[len(jwt)-336:] + ":", "signature ***:"},
		"a part of it, escaped":       {"token " + installation, `{"errors":["\u0065` + jwt[1:99] + `"]}`, `{"errors":["***"]}`},
		"its shape, of another app":   {"token " + installation, "use ghs_<AppID>_<JWT>", "use ghs_<AppID>_<JWT>"},
		"too short":                   {"Bearer abc", "abc", "abc"},
		"of nobody":                   {"", `not \u0061llowed`, `not \u0061llowed`},
		"something else":              {"Bearer " + token, `{"message":"a\/b"}`, `{"message":"a\/b"}`},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			req := &http.Request{Header: http.Header{}}
			if test.authorization != "" {
				req.Header.Set("Authorization", test.authorization)
			}
			g.Expect(string(redact(req, []byte(test.words)))).To(Equal(test.want))
		})
	}
}

func TestHide_FindsACredentialHoweverItIsSpelled(t *testing.T) {
	const user, token = "me@example.com", "ATATT3x/Canary+0123=CAFEatlassian-9.Token_x"
	basic := base64.StdEncoding.EncodeToString([]byte(user + ":" + token))
	for name, spell := range responsetest.Spellings {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			for _, test := range []struct{ authorization, secret string }{{"Bearer " + token, token}, {"Basic " + basic, token}, {"Basic " + basic, basic}} {
				req := &http.Request{Header: http.Header{"Authorization": {test.authorization}}}
				said := string(redact(req, []byte(`{"message":"no `+spell(test.secret)+` here"}`)))
				// Base64 has the neighbors' bits in it at both ends.
				g.Expect(len(responsetest.Left(said, spell(test.secret)))).To(BeNumerically("<=", 8), said)
			}
		})
	}
}
