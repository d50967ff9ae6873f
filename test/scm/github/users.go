package github

import (
	"crypto/rand"
	"net/http"
	"slices"
	"strings"
)

// personal is how every personal access token begins here, classic ones too.
const personal = "ghp_"

// user is somebody with a personal access token.
type user struct {
	login string
	// classic says that the token has scopes; the others have permissions.
	classic bool
	scopes  []string
	// statusesWrite is the permission of a token that is not classic.
	statusesWrite bool
}

func (u *user) mayWrite() bool {
	if !u.classic {
		return u.statusesWrite
	}
	return slices.ContainsFunc([]string{"repo", "public_repo", "repo:status"}, func(scope string) bool {
		return slices.Contains(u.scopes, scope)
	})
}

// UserOption changes what a personal access token is like.
type UserOption func(*user)

// WithScopes is a classic token, with nothing but these scopes.
func WithScopes(scopes ...string) UserOption {
	return func(u *user) { u.classic, u.scopes = true, scopes }
}

// WithoutStatusesWrite is a token that may read commit statuses only.
func WithoutStatusesWrite() UserOption {
	return func(u *user) { u.statusesWrite = false }
}

// AddUser makes a personal access token of a user and returns it: one that is not
// classic, reaches all repositories, and may write commit statuses. A user may have
// several.
func (s *Server) AddUser(login string, opts ...UserOption) (token string) {
	u := &user{login: login, statusesWrite: true}
	for _, o := range opts {
		o(u)
	}
	token = personal + rand.Text() + rand.Text()
	s.Do(func() { s.world.users[token] = u })
	return token
}

// RevokeToken makes a personal access token worthless.
func (s *Server) RevokeToken(token string) {
	s.Do(func() { delete(s.world.users, token) })
}

func (s *Server) getUser(x *exchange) (answer, *refused) {
	switch {
	case x.caller.user != nil:
		a := reply(http.StatusOK, s.renderAccount(x.caller.user.login, "User"))
		return a, nil
	case x.caller.none:
		return answer{}, refusal(http.StatusUnauthorized, "Requires authentication")
	case x.caller.token != nil && x.caller.token.expires.After(x.Now):
		return answer{}, refusal(http.StatusForbidden, "Resource not accessible by integration")
	}
	return answer{}, refusal(http.StatusUnauthorized, "Bad credentials")
}

// tellScopes adds the header that tells a classic token's scopes.
func (x *exchange) tellScopes(a *answer) {
	if u := x.caller.user; u != nil && u.classic {
		a.SetDefault("X-Oauth-Scopes", strings.Join(u.scopes, ", "))
	}
}
