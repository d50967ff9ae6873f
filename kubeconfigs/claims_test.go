package kubeconfigs

import (
	"encoding/base64"
	"testing"
	"time"

	. "github.com/onsi/gomega"
)

func TestClaimsOfTokens(t *testing.T) {
	jwt := func(payload string) string {
		return "e30." + base64.RawURLEncoding.EncodeToString([]byte(payload)) + ".c2ln"
	}
	for name, c := range map[string]struct {
		token string
		want  TokenClaims
		ok    bool
	}{
		"a requested token": {
			jwt(`{"exp":1795600000,"sub":"system:serviceaccount:a:b","kubernetes.io":{"serviceaccount":{"name":"b","uid":"u"}}}`),
			TokenClaims{Expiry: time.Unix(1795600000, 0).UTC(), Namespace: "a", Name: "b", UID: "u"},
			true,
		},
		"a token from a Secret": {
			jwt(`{"sub":"system:serviceaccount:a:b","kubernetes.io/serviceaccount/service-account.uid":"u"}`),
			TokenClaims{Namespace: "a", Name: "b", UID: "u"},
			true,
		},
		"another's token":   {jwt(`{"exp":1795600000.5,"sub":"jane"}`), TokenClaims{Expiry: time.Unix(1795600000, 0).UTC()}, true},
		"no claims":         {jwt(`[]`), TokenClaims{}, false},
		"no base64":         {"a.*.c", TokenClaims{}, false},
		"no JWT":            {"secret", TokenClaims{}, false},
		"nothing":           {"", TokenClaims{}, false},
		"claims in another": {jwt(`{"exp":"soon"}`), TokenClaims{}, false},
	} {
		t.Run(name, func(t *testing.T) {
			got, ok := ReadToken(c.token)
			g := NewWithT(t)
			g.Expect(got).To(Equal(c.want))
			g.Expect(ok).To(Equal(c.ok))
		})
	}
}
