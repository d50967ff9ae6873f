package gitlab

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// tokenPrefix is how GitLab's personal, project and group access tokens begin.
const tokenPrefix = "glpat-"

// TokenOption changes what a token is like.
type TokenOption func(*token)

// ReadOnly is a token that has the scope read_api instead of api.
func ReadOnly() TokenOption { return func(t *token) { t.readOnly = true } }

// ExpiresAt is a token that is worth nothing from a time on.
func ExpiresAt(at time.Time) TokenOption { return func(t *token) { t.expires = at } }

// AddToken makes an access token of a user and returns its value.
func (s *Server) AddToken(user string, opts ...TokenOption) string {
	value := tokenPrefix + rand.Text()
	s.Do(func() {
		if s.world.users[user] == nil {
			panic(fmt.Sprintf("a token for user %s of the fake GitLab: there is none", user))
		}
		t := &token{user: user}
		for _, o := range opts {
			o(t)
		}
		s.world.tokens[value] = t
	})
	return value
}

// RevokeToken makes a token worthless.
func (s *Server) RevokeToken(value string) {
	s.Do(func() { s.world.tokens[value].revoked = true })
}

// credential returns the token of a request. GitLab takes both headers.
func credential(r *http.Request) string {
	if value := r.Header.Get("PRIVATE-TOKEN"); value != "" {
		return value
	}
	scheme, value, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if strings.EqualFold(scheme, "Bearer") {
		return strings.TrimSpace(value)
	}
	return ""
}

// authenticated lets only a live token of a user pass who is not blocked.
func (s *Server) authenticated(x *exchange) (*user, *refused) {
	t := x.token
	switch {
	case t == nil:
		return nil, refusal(http.StatusUnauthorized, "401 Unauthorized")
	case t.revoked:
		return nil, unauthorized("invalid_token", "Token was revoked. You have to re-authorize from the user.")
	case !t.expires.IsZero() && !t.expires.After(x.Now):
		return nil, unauthorized("invalid_token", "Token is expired. You can either do re-authorization or token refresh.")
	case t.readOnly && x.Request.Method != http.MethodGet:
		return nil, &refused{http.StatusForbidden, map[string]string{
			"error":             "insufficient_scope",
			"error_description": "The request requires higher privileges than provided by the access token.",
			"scope":             "api",
		}}
	}
	u := s.world.users[t.user]
	if u.blocked {
		return nil, refusal(http.StatusForbidden, "403 Forbidden - Your account has been blocked.")
	}
	return u, nil
}

// projectFor lets only members pass: to others a project does not exist. Where it
// was moved from, reads are sent on and writes are refused.
func (s *Server) projectFor(x *exchange, u *user, least Role) (*project, *refused) {
	p := s.world.find(x.Params["id"])
	if p == nil {
		if _, moved := s.world.moved[fold(x.Params["id"])]; moved && x.Request.Method != http.MethodGet {
			return nil, refusal(http.StatusMethodNotAllowed, "Non GET methods are not allowed for moved projects")
		}
		return nil, notFound("Project")
	}
	role, member := p.members[u.name]
	switch {
	case !member:
		return nil, notFound("Project")
	case role < least:
		return nil, refusal(http.StatusForbidden, "403 Forbidden")
	}
	return p, nil
}

func (s *Server) getUser(x *exchange) (answer, *refused) {
	u, err := s.authenticated(x)
	if err != nil {
		return answer{}, err
	}
	body := renderUser(u)
	body["bot"] = true
	body["is_admin"] = false
	body["email"] = u.name + "@noreply.example.com"
	return reply(http.StatusOK, body), nil
}

// redact takes the values of tokens out of a text.
func (s *Server) redact(body []byte) []byte {
	if !bytes.Contains(body, []byte(tokenPrefix)) {
		return body
	}
	for value := range s.world.tokens {
		body = bytes.ReplaceAll(body, []byte(value), []byte("***"))
	}
	return body
}
