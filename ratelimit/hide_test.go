package ratelimit

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"testing"

	. "github.com/onsi/gomega"
)

func TestWhatAnSCMRepeatsOfACredentialIsHidden(t *testing.T) {
	const user, token = "me@example.com", "ATATT3x/Canary+0123=CAFE"
	basic := base64.StdEncoding.EncodeToString([]byte(user + ":" + token))
	for name, test := range map[string]struct{ authorization, words, want string }{
		"as it is":          {"Bearer " + token, "no " + token + "!", "no ***!"},
		"with its scheme":   {"token " + token, "token " + token, "token ***"},
		"in a URL":          {"Bearer " + token, "?t=" + url.QueryEscape(token), "?t=***"},
		"escaped in JSON":   {"Bearer " + token, `{"message":["ATATT3x\/Canary\u002b0123\u003dCAFE",7]}`, `{"message":["***",7]}`},
		"a user's, encoded": {"Basic " + basic, "got " + basic, "got ***"},
		"a user's, decoded": {"Basic " + basic, user + ":" + token + " " + token, "*** ***"},
		"too short":         {"Bearer abc", "abc", "abc"},
		"of nobody":         {"", `not \u0061llowed`, `not \u0061llowed`},
		"something else":    {"Bearer " + token, `{"message":"a\/b"}`, `{"message":"a/b"}`},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			req := &http.Request{Header: http.Header{}}
			if test.authorization != "" {
				req.Header.Set("Authorization", test.authorization)
			}
			g.Expect(string(hide(req, []byte(test.words)))).To(Equal(test.want))
		})
	}
}
