package gitea

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// world is what there is in Gitea.
type world struct {
	// users are the IDs of users by their names.
	users  map[string]int64
	tokens map[string]*token
	// repos are folded: Gitea takes Acme/Shop and acme/shop for the same.
	repos map[string]*repo
	// renamed leads from a folded old path to the new one.
	renamed map[string]string
}

type token struct {
	user   string
	admin  bool
	scopes []string
}

type repo struct {
	path    string
	private bool
	// access is what users may do, as read or write; everybody reads what is not
	// private.
	access   map[string]string
	commits  map[string]bool
	statuses map[string][]Status
	// indices are the highest index that was given on a commit.
	indices map[string]int64
}

func newWorld() world {
	return world{users: map[string]int64{}, tokens: map[string]*token{}, repos: map[string]*repo{}, renamed: map[string]string{}}
}

func fold(s string) string { return strings.ToLower(s) }

// UserOption changes what a user, or the token, may do.
type UserOption func(*token)

// Admin makes the user a site administrator, who may do everything and is told what
// goes wrong.
func Admin() UserOption { return func(t *token) { t.admin = true } }

// WithScopes gives the token other scopes than write:repository and read:user.
func WithScopes(scopes ...string) UserOption { return func(t *token) { t.scopes = scopes } }

// AddUser makes a user, unless there is one of that name, and a new access token.
func (s *Server) AddUser(name string, opts ...UserOption) (accessToken string) {
	s.Do(func() {
		t := &token{user: name, scopes: []string{"write:repository", "read:user"}}
		for _, o := range opts {
			o(t)
		}
		accessToken = fmt.Sprintf("%040x", 0x70CE0000+len(s.world.tokens))
		s.world.tokens[accessToken] = t
		s.world.id(name)
	})
	return accessToken
}

// RevokeToken makes Gitea refuse a token from now on.
func (s *Server) RevokeToken(accessToken string) {
	s.Do(func() { delete(s.world.tokens, accessToken) })
}

// id is the number of a user, who is made where there is none.
func (w *world) id(name string) int64 {
	if w.users[name] == 0 {
		w.users[name] = int64(len(w.users) + 1)
	}
	return w.users[name]
}

// AddRepo makes a public repository, or adds commits to one.
func (s *Server) AddRepo(path string, shas ...string) {
	s.Do(func() {
		r := s.world.repos[fold(path)]
		if r == nil {
			r = &repo{
				path: path, access: map[string]string{}, commits: map[string]bool{},
				statuses: map[string][]Status{}, indices: map[string]int64{},
			}
			s.world.repos[fold(path)] = r
		}
		for _, sha := range shas {
			r.commits[fold(sha)] = true
		}
	})
}

// Grant lets a user read or write a repository; access is "read", "write" or "".
func (s *Server) Grant(path, user, access string) {
	s.Do(func() { s.world.must(path).access[user] = access })
}

// MakePrivate hides a repository from those without access.
func (s *Server) MakePrivate(path string) { s.Do(func() { s.world.must(path).private = true }) }

// RemoveRepo deletes a repository.
func (s *Server) RemoveRepo(path string) { s.Do(func() { delete(s.world.repos, fold(path)) }) }

// RenameRepo gives a repository another path. The old one redirects.
func (s *Server) RenameRepo(from, to string) {
	s.Do(func() {
		r := s.world.must(from)
		delete(s.world.repos, fold(from))
		r.path = to
		s.world.repos[fold(to)] = r
		s.world.renamed[fold(from)] = to
	})
}

func (w *world) must(path string) *repo {
	r := w.repos[fold(path)]
	if r == nil {
		panic(fmt.Sprintf("repository %s of the fake Gitea: there is none", path))
	}
	return r
}

// identify returns the token of an Authorization header, nil for none.
func (w *world) identify(header string) *token {
	scheme, value, _ := strings.Cut(header, " ")
	if scheme = strings.ToLower(scheme); scheme != "token" && scheme != "bearer" {
		return nil
	}
	return w.tokens[strings.TrimSpace(value)]
}

func (t *token) has(scope string) bool {
	return slices.Contains(t.scopes, "all") || slices.Contains(t.scopes, scope) ||
		slices.Contains(t.scopes, strings.Replace(scope, "read:", "write:", 1))
}

// repository lets those pass who may do with the repository in the path what access
// says, and returns it. The order of the checks is Gitea's.
func (s *Server) repository(x *exchange, access string) (*repo, *answer) {
	path := x.Params["owner"] + "/" + x.Params["repo"]
	refuse := func(status int, format string, args ...any) (*repo, *answer) {
		a := s.refuse(status, format, args...)
		return nil, &a
	}
	switch {
	case x.token == nil && x.Request.Header.Get("Authorization") != "":
		return refuse(http.StatusUnauthorized, "invalid username, password or token")
	case x.token != nil && !x.token.has(access+":repository"):
		return refuse(http.StatusForbidden, "token does not have at least one of required scope(s), required=[%s:repository], token scope=%s",
			access, strings.Join(x.token.scopes, ","))
	}
	r := s.world.repos[fold(path)]
	if to := s.world.renamed[fold(path)]; r == nil && to != "" {
		at := strings.Replace(x.Request.URL.RequestURI(), path, to, 1)
		return nil, &answer{Status: http.StatusMovedPermanently, Header: http.Header{"Location": {at}}}
	}
	if r == nil {
		return refuse(http.StatusNotFound, "not found")
	}
	may := ""
	if x.token != nil {
		may = r.access[x.token.user]
		if x.token.admin {
			may = "write"
		}
	}
	switch {
	case may == "" && r.private:
		return refuse(http.StatusNotFound, "not found")
	case access == "write" && x.token == nil:
		return refuse(http.StatusUnauthorized, "token is required")
	case access == "write" && may != "write":
		return refuse(http.StatusForbidden, "user should have a permission to write to a repo")
	}
	return r, nil
}

func (s *Server) getUser(x *exchange) answer {
	switch {
	case x.token == nil:
		return s.refuse(http.StatusUnauthorized, "token is required")
	case !x.token.has("read:user"):
		return s.refuse(http.StatusForbidden, "token does not have at least one of required scope(s), required=[read:user], token scope=%s",
			strings.Join(x.token.scopes, ","))
	}
	return reply(http.StatusOK, s.world.user(x.token.user))
}

func (w *world) user(name string) map[string]any {
	return map[string]any{"id": w.id(name), "login": name, "username": name, "full_name": "", "email": name + "@noreply.localhost"}
}

// getRepo answers with what is used of a repository.
func (s *Server) getRepo(x *exchange) answer {
	r, refused := s.repository(x, "read")
	if refused != nil {
		return *refused
	}
	return reply(http.StatusOK, map[string]any{"full_name": r.path})
}
