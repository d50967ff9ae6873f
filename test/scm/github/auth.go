package github

import (
	"net/http"
	"strings"
)

// caller is who an Authorization header proves to be.
type caller struct {
	// app is set for a good JWT and for an installation token.
	app int64
	// installation is set for a token that was issued here, expired or not.
	installation int64
	token        *token
	// user is set for a personal access token that was not revoked.
	user *user
	// jwt is why the header is not the JWT of an app.
	jwt *refused
	// none says that there is no such header.
	none bool
}

// bearer returns the credential of a request. GitHub takes both schemes.
func bearer(r *http.Request) string {
	scheme, value, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	switch strings.ToLower(scheme) {
	case "bearer", "token":
		return strings.TrimSpace(value)
	default:
		return ""
	}
}

// identify reads the Authorization header. It decides nothing.
func (s *Server) identify(x *exchange) caller {
	credential := bearer(x.Request)
	if credential == "" {
		return caller{none: true, jwt: refusal(http.StatusUnauthorized, errUndecodable)}
	}
	if u := s.world.users[credential]; u != nil {
		return caller{user: u, jwt: refusal(http.StatusUnauthorized, errUndecodable)}
	}
	if t := s.tokens[credential]; t != nil {
		return caller{app: t.app, installation: t.installation, token: t, jwt: refusal(http.StatusUnauthorized, errUndecodable)}
	}
	app, err := s.world.verify(credential, x.Now)
	return caller{app: app, jwt: err}
}

// asApp lets only the JWT of an app pass.
func (x *exchange) asApp() (int64, *refused) {
	return x.caller.app, x.caller.jwt
}

// asInstallation lets only a live installation token pass that reaches the
// repository in the path.
func (s *Server) asInstallation(x *exchange) (*token, *refused) {
	if x.caller.none {
		return nil, refusal(http.StatusUnauthorized, "Requires authentication")
	}
	t := x.caller.token
	if t == nil || !t.expires.After(x.Now) || x.Now.Before(t.from) {
		return nil, refusal(http.StatusUnauthorized, "Bad credentials")
	}
	i := s.world.installations[t.installation]
	if i == nil || i.app != t.app {
		return nil, refusal(http.StatusUnauthorized, "Bad credentials")
	}
	if i.suspended {
		return nil, refusal(http.StatusForbidden, errSuspended)
	}
	exists := s.world.commits[x.repository()] != nil
	if !exists || fold(i.owner) != x.path("owner") || !t.reaches(x.path("repo")) {
		return nil, refusal(http.StatusNotFound, "Not Found")
	}
	return t, nil
}

// asReader lets a live installation token pass, and that of a user, that reaches
// the repository in the path.
func (s *Server) asReader(x *exchange) *refused {
	if x.caller.user != nil {
		_, err := s.asUser(x)
		return err
	}
	_, err := s.asInstallation(x)
	return err
}

// asUser lets only a personal access token pass that reaches the repository in the
// path.
func (s *Server) asUser(x *exchange) (*user, *refused) {
	u := x.caller.user
	switch {
	case u == nil:
		_, err := s.asInstallation(x)
		if err == nil {
			err = refusal(http.StatusForbidden, "Resource not accessible by integration")
		}
		return nil, err
	case s.world.commits[x.repository()] == nil:
		return nil, refusal(http.StatusNotFound, "Not Found")
	}
	return u, nil
}

// asStatusWriter is asUser with the permission to write commit statuses. Without it,
// a classic token is answered as if there were no such repository.
func (s *Server) asStatusWriter(x *exchange) (*user, *refused) {
	u, err := s.asUser(x)
	switch {
	case err != nil:
		return nil, err
	case u.mayWrite():
		return u, nil
	case u.classic:
		return nil, refusal(http.StatusNotFound, "Not Found")
	}
	return nil, refusal(http.StatusForbidden, "Resource not accessible by personal access token")
}

// asWriter is asInstallation with the permission to write check runs, both in
// the token and in the installation as it is now.
func (s *Server) asWriter(x *exchange) (*token, *refused) {
	if x.caller.user != nil {
		return nil, refusal(http.StatusForbidden, "You must authenticate via a GitHub App.")
	}
	t, err := s.asInstallation(x)
	if err != nil {
		return nil, err
	}
	if !t.checksWrite || !s.world.installations[t.installation].checksWrite {
		return nil, refusal(http.StatusForbidden, "Resource not accessible by integration")
	}
	return t, nil
}
