package bitbucket

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
)

// world is what there is in Bitbucket.
type world struct {
	// tokens are by the value of the Authorization header that they come in.
	tokens map[string]*token
	// repos are folded: Bitbucket takes ACME/Shop and acme/shop for the same.
	repos map[string]*repo
}

type token struct {
	user string
	// access is "read" or "write".
	access string
}

type repo struct {
	path    string
	commits map[string][]Build
}

func newWorld() world { return world{tokens: map[string]*token{}, repos: map[string]*repo{}} }

func fold(s string) string { return strings.ToLower(s) }

// AddToken makes an access token that may do all in every repository that access,
// "read" or "write", says.
func (s *Server) AddToken(user, access string) (accessToken string) {
	s.Do(func() {
		accessToken = fmt.Sprintf("BBDC-%d-%040x", len(s.world.tokens), 0xBEEF)
		s.world.tokens["Bearer "+accessToken] = &token{user, access}
	})
	return accessToken
}

// AddPassword makes an API token that is sent as a user's password, as Cloud takes
// one.
func (s *Server) AddPassword(user, access string) (apiToken string) {
	s.Do(func() {
		apiToken = fmt.Sprintf("ATATT-%d-%040x", len(s.world.tokens), 0xBEEF)
		s.world.tokens["Basic "+base64.StdEncoding.EncodeToString([]byte(user+":"+apiToken))] = &token{user, access}
	})
	return apiToken
}

// RevokeTokens makes Bitbucket refuse all of a user's tokens from now on.
func (s *Server) RevokeTokens(user string) {
	s.Do(func() {
		for header, t := range s.world.tokens {
			if t.user == user {
				delete(s.world.tokens, header)
			}
		}
	})
}

// AddRepo makes a repository, or adds commits to one.
func (s *Server) AddRepo(path string, shas ...string) {
	s.Do(func() {
		r := s.world.repos[fold(path)]
		if r == nil {
			r = &repo{path: path, commits: map[string][]Build{}}
			s.world.repos[fold(path)] = r
		}
		for _, sha := range shas {
			if r.commits[fold(sha)] == nil {
				r.commits[fold(sha)] = []Build{}
			}
		}
	})
}

// RemoveRepo deletes a repository.
func (s *Server) RemoveRepo(path string) { s.Do(func() { delete(s.world.repos, fold(path)) }) }

// must returns a commit's repository; both have to be there.
func (w *world) must(path, sha string) *repo {
	r := w.repos[fold(path)]
	if r == nil || r.commits[fold(sha)] == nil {
		panic(fmt.Sprintf("commit %s of %s of the fake Bitbucket: there is none", sha, path))
	}
	return r
}

// identify returns the token of an Authorization header, nil for none.
func (w *world) identify(header string) *token { return w.tokens[header] }

// authenticate lets those pass whose token is known and may do what access says.
func (s *Server) authenticate(x *exchange, access string) *answer {
	var a answer
	switch {
	case x.token == nil && s.service == center:
		a = s.refuse(http.StatusUnauthorized, "AuthorisationException", "Authentication failed. Please check your credentials and try again.")
	case x.token == nil:
		a = s.refuse(http.StatusUnauthorized, "", "Token is invalid, expired, or not supported for this endpoint.")
	case access == "write" && x.token.access != "write" && s.service == center:
		a = s.refuse(http.StatusForbidden, "AuthorisationException", "You are not permitted to access this resource")
	case access == "write" && x.token.access != "write":
		a = s.refuse(http.StatusForbidden, "", "Your credentials lack one or more required privilege scopes.")
	default:
		return nil
	}
	return &a
}

// commit lets those pass who may do what access says, and returns the repository in
// the path, which has the commit.
func (s *Server) commit(x *exchange, access string) (*repo, *answer) {
	if refused := s.authenticate(x, access); refused != nil {
		return nil, refused
	}
	owner, name, sha := x.params["owner"], x.params["repo"], x.params["sha"]
	r := s.world.repos[fold(owner+"/"+name)]
	var a answer
	switch {
	case r == nil && s.service == center:
		a = s.refuse(http.StatusNotFound, "repository.NoSuchRepositoryException", "Repository %s/%s does not exist.", owner, name)
	case r == nil:
		a = s.refuse(http.StatusNotFound, "", "Repository %s/%s not found", owner, name)
	case r.commits[sha] == nil && s.service == center:
		a = s.refuse(http.StatusNotFound, "commit.NoSuchCommitException", "Commit '%s' does not exist in repository '%s'.", sha, name)
	case r.commits[sha] == nil:
		a = s.refuse(http.StatusNotFound, "", "Commit not found")
	default:
		return r, nil
	}
	return nil, &a
}
