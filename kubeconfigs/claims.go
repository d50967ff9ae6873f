package kubeconfigs

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/types"
)

// lastSecond is the last one of the year 9999, the last that RFC 3339 can say.
const lastSecond = 253402300799

// TokenClaims are what a ServiceAccount's token says of itself. Nothing vouches
// for them: they are for telling people, not for letting anybody in.
type TokenClaims struct {
	// IssuedAt is when its life began, and Expiry when it ends: zero where it does not
	// end by itself.
	IssuedAt, Expiry time.Time
	// Namespace and Name are of the ServiceAccount; empty for other tokens.
	Namespace, Name string
	// UID is the ServiceAccount's, which no two clusters share.
	UID types.UID
}

// ReadToken returns a token's claims. It reports false where that is no JWT, or tells times
// that cannot be.
func ReadToken(token string) (TokenClaims, bool) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return TokenClaims{}, false
	}
	payload, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(parts[1], "="))
	if err != nil {
		return TokenClaims{}, false
	}
	var said struct {
		IssuedAt   float64 `json:"iat"`
		Expiry     float64 `json:"exp"`
		Subject    string  `json:"sub"`
		Kubernetes struct {
			ServiceAccount struct {
				UID types.UID `json:"uid"`
			} `json:"serviceaccount"`
		} `json:"kubernetes.io"`
		// Tokens in Secrets have it here.
		LegacyUID types.UID `json:"kubernetes.io/serviceaccount/service-account.uid"`
	}
	if json.Unmarshal(payload, &said) != nil || said.IssuedAt > lastSecond || said.Expiry > lastSecond {
		return TokenClaims{}, false
	}
	claims := TokenClaims{UID: said.Kubernetes.ServiceAccount.UID}
	if claims.UID == "" {
		claims.UID = said.LegacyUID
	}
	if said.IssuedAt > 0 {
		claims.IssuedAt = time.Unix(int64(said.IssuedAt), 0).UTC()
	}
	if said.Expiry > 0 {
		claims.Expiry = time.Unix(int64(said.Expiry), 0).UTC()
	}
	if account, ok := strings.CutPrefix(said.Subject, "system:serviceaccount:"); ok {
		claims.Namespace, claims.Name, _ = strings.Cut(account, ":")
	}
	return claims, true
}
