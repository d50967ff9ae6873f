package github

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// maxJWTLife is how far in the future the end of a JWT may lie (GitHub docs,
// "Generating a JSON Web Token for a GitHub App": no more than 10 minutes).
const maxJWTLife = 10 * time.Minute

// errUndecodable is what GitHub says of most that is wrong with a JWT.
const errUndecodable = "A JSON web token could not be decoded"

// verify returns the app that signed a JWT.
func (w *world) verify(jwt string, now time.Time) (int64, *refused) {
	undecodable := refusal(http.StatusUnauthorized, errUndecodable)
	parts := strings.Split(jwt, ".")
	if len(parts) != 3 {
		return 0, undecodable
	}
	var header struct{ Alg string }
	var claims struct{ Iss, Iat, Exp json.RawMessage }
	if !decodePart(parts[0], &header) || header.Alg != "RS256" || !decodePart(parts[1], &claims) {
		return 0, undecodable
	}
	app, err := strconv.ParseInt(string(bytes.Trim(claims.Iss, `"`)), 10, 64)
	if err != nil {
		return 0, refusal(http.StatusUnauthorized, "Missing 'issuer' claim ('iss') in assertion")
	}
	key := w.apps[app]
	if key == nil {
		return 0, refusal(http.StatusNotFound, "Integration not found")
	}
	digest := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil || rsa.VerifyPKCS1v15(key, crypto.SHA256, digest[:], signature) != nil {
		return 0, undecodable
	}
	return app, timely(claims.Iat, claims.Exp, now)
}

// timely checks the times of a JWT, which have to be whole seconds.
func timely(iat, exp json.RawMessage, now time.Time) *refused {
	issued, err := strconv.ParseInt(string(iat), 10, 64)
	if err != nil || time.Unix(issued, 0).After(now) {
		return refusal(http.StatusUnauthorized,
			"'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued")
	}
	expires, err := strconv.ParseInt(string(exp), 10, 64)
	if err != nil || !time.Unix(expires, 0).After(now) {
		return refusal(http.StatusUnauthorized,
			"'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires")
	}
	if time.Unix(expires, 0).After(now.Add(maxJWTLife)) {
		return refusal(http.StatusUnauthorized, "'Expiration time' claim ('exp') is too far in the future")
	}
	return nil
}

func decodePart(part string, into any) bool {
	raw, err := base64.RawURLEncoding.DecodeString(part)
	return err == nil && json.Unmarshal(raw, into) == nil
}
