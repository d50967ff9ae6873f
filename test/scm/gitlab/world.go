package gitlab

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Role is what a user may do in a project.
type Role int

// The roles, as GitLab numbers them.
const (
	Guest      Role = 10
	Reporter   Role = 20
	Developer  Role = 30
	Maintainer Role = 40
)

// mainBranch is where commits are that were not put elsewhere.
const mainBranch = "main"

// world is what there is on GitLab besides pipelines.
type world struct {
	users map[string]*user
	// tokens are by their value.
	tokens map[string]*token
	// projects are by their folded path.
	projects map[string]*project
	// moved is where a project is now, by the folded path where it was.
	moved map[string]string
}

type user struct {
	id      int64
	name    string
	blocked bool
}

type token struct {
	user    string
	expires time.Time // zero for never
	revoked bool
	// readOnly says that the token's scope is read_api instead of api.
	readOnly bool
}

type project struct {
	id int64
	// path is spelled as it was made.
	path string
	// commits holds the branches and tags that each hash is in.
	commits   map[string][]string
	members   map[string]Role
	protected map[string]bool
}

func newWorld() world {
	return world{
		users:    map[string]*user{},
		tokens:   map[string]*token{},
		projects: map[string]*project{},
		moved:    map[string]string{},
	}
}

func fold(s string) string { return strings.ToLower(s) }

// AddUser makes a user, such as the bot of a project access token, and returns
// their ID. One that is there already stays.
func (s *Server) AddUser(name string) (id int64) {
	s.Do(func() {
		if s.world.users[name] == nil {
			s.world.users[name] = &user{id: int64(40 + len(s.world.users)), name: name}
		}
		id = s.world.users[name].id
	})
	return id
}

// Block keeps a user out, or lets them in again.
func (s *Server) Block(name string, blocked bool) {
	s.Do(func() { s.world.users[name].blocked = blocked })
}

// AddProject makes a project, given by its whole path, with commits on the
// branch main.
func (s *Server) AddProject(path string, shas ...string) {
	s.Do(func() {
		if s.world.projects[fold(path)] == nil {
			s.world.projects[fold(path)] = &project{
				id:        int64(7000 + len(s.world.projects)),
				path:      path,
				commits:   map[string][]string{},
				members:   map[string]Role{},
				protected: map[string]bool{},
			}
		}
		for _, sha := range shas {
			s.world.projects[fold(path)].commits[fold(sha)] = []string{mainBranch}
		}
	})
}

// AddCommit pushes a commit to branches of a project. Without one it is in none.
func (s *Server) AddCommit(path, sha string, branches ...string) {
	s.Do(func() { s.world.project(path).commits[fold(sha)] = slices.Clone(branches) })
}

// AddMember gives a user a role in a project, in place of the one they had.
func (s *Server) AddMember(path, user string, role Role) {
	s.Do(func() { s.world.project(path).members[user] = role })
}

// Protect lets only maintainers write statuses of a branch.
func (s *Server) Protect(path, branch string) {
	s.Do(func() { s.world.project(path).protected[branch] = true })
}

// RemoveProject deletes a project with all that it holds.
func (s *Server) RemoveProject(path string) {
	s.Do(func() {
		s.shown.forget(s.world.project(path).id)
		delete(s.world.projects, fold(path))
	})
}

// MoveProject gives a project another path. Reads of the old one are redirected,
// and writes are refused, as GitLab does it.
func (s *Server) MoveProject(from, to string) {
	s.Do(func() {
		p := s.world.project(from)
		delete(s.world.projects, fold(from))
		p.path = to
		s.world.projects[fold(to)], s.world.moved[fold(from)] = p, to
		for former, path := range s.world.moved {
			if fold(path) == fold(from) {
				s.world.moved[former] = to
			}
		}
		delete(s.world.moved, fold(to))
	})
}

// ProjectID is the number of a project.
func (s *Server) ProjectID(path string) (id int64) {
	s.Do(func() { id = s.world.project(path).id })
	return id
}

// project returns one that has to be there.
func (w *world) project(path string) *project {
	p := w.projects[fold(path)]
	if p == nil {
		panic(fmt.Sprintf("project %s of the fake GitLab: there is none", path))
	}
	return p
}

// find returns the project that a path or a number names, or nil.
func (w *world) find(id string) *project {
	if number, err := strconv.ParseInt(id, 10, 64); err == nil {
		for _, p := range w.projects {
			if p.id == number {
				return p
			}
		}
		return nil
	}
	return w.projects[fold(id)]
}

// userNames are the names of all users, in their order.
func (w *world) userNames() []string { return slices.Sorted(maps.Keys(w.users)) }
