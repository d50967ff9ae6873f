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
	// moved leads from a folded path to the one that a repository has today.
	moved map[string]string
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

func newWorld() world {
	return world{tokens: map[string]*token{}, repos: map[string]*repo{}, moved: map[string]string{}}
}

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
			delete(s.world.moved, fold(path))
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

// MoveRepo gives a repository another path. The old one redirects whatever is asked, by a 301.
// Neither service's documentation says which status it is, nor that writes are redirected: no
// client can rely on either.
func (s *Server) MoveRepo(from, to string) {
	s.Do(func() {
		r := s.world.repos[fold(from)]
		delete(s.world.repos, fold(from))
		r.path = to
		s.world.repos[fold(to)], s.world.moved[fold(from)] = r, to
		for former, path := range s.world.moved {
			if fold(path) == fold(from) {
				s.world.moved[former] = to
			}
		}
		delete(s.world.moved, fold(to))
	})
}

// repository lets those pass who may do what access says, and returns the repository in the
// path.
func (s *Server) repository(x *exchange, access string) (*repo, *answer) {
	if refused := s.authenticate(x, access); refused != nil {
		return nil, refused
	}
	owner, name := x.Params["owner"], x.Params["repo"]
	path := fold(owner + "/" + name)
	if to, ok := s.world.moved[path]; ok {
		a := answer{Status: http.StatusMovedPermanently, Header: http.Header{"Location": {s.movedTo(x.Request.URL.RequestURI(), owner, name, to)}}}
		return nil, &a
	}
	if r := s.world.repos[path]; r != nil {
		return r, nil
	}
	a := s.refuse(http.StatusNotFound, "", "Repository %s/%s not found", owner, name)
	if s.service == center {
		a = s.refuse(http.StatusNotFound, "repository.NoSuchRepositoryException", "Repository %s/%s does not exist.", owner, name)
	}
	return nil, &a
}

// movedTo is where a request leads that is for a repository which has another path now.
func (s *Server) movedTo(uri, owner, name, to string) string {
	newOwner, newName, _ := strings.Cut(to, "/")
	if s.service == center {
		return strings.Replace(uri, "/projects/"+owner+"/repos/"+name, "/projects/"+newOwner+"/repos/"+newName, 1)
	}
	return strings.Replace(uri, "/"+owner+"/"+name, "/"+to, 1)
}

// getRepo answers with what is used of a repository.
func (s *Server) getRepo(x *exchange) answer {
	r, refused := s.repository(x, "read")
	if refused != nil {
		return *refused
	}
	if s.service == center {
		project, slug, _ := strings.Cut(r.path, "/")
		return reply(http.StatusOK, map[string]any{"slug": slug, "project": map[string]string{"key": project}})
	}
	return reply(http.StatusOK, map[string]any{"full_name": r.path})
}

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
	r, refused := s.repository(x, access)
	if refused != nil {
		return nil, refused
	}
	sha := x.Params["sha"]
	var a answer
	switch {
	case r.commits[sha] != nil:
		return r, nil
	case s.service == center:
		a = s.refuse(http.StatusNotFound, "commit.NoSuchCommitException", "Commit '%s' does not exist in repository '%s'.", sha, x.Params["repo"])
	default:
		a = s.refuse(http.StatusNotFound, "", "Commit not found")
	}
	return nil, &a
}
