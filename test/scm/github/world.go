package github

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"strings"
)

// world is what there is on GitHub besides check runs.
type world struct {
	apps map[int64]*rsa.PublicKey
	// keys is how many keys were made for them.
	keys          int
	installations map[int64]*installation
	// users are whom personal access tokens belong to, by token.
	users map[string]*user
	// commits holds the hashes of each repository; both are folded.
	commits map[string]map[string]bool
	// ids are the numbers of owners and repositories, by their folded names.
	ids map[string]int64
	// lastID is the newest of those numbers.
	lastID int64
	// moved are the paths of today of repositories that were renamed or transferred, by
	// their folded old ones.
	moved map[string]string
}

// installation is an app on an owner's account.
type installation struct {
	id, app int64
	// owner is spelled as it was installed for.
	owner       string
	user        bool
	checksWrite bool
	suspended   bool
}

func newWorld() world {
	return world{
		apps:          map[int64]*rsa.PublicKey{},
		installations: map[int64]*installation{},
		users:         map[string]*user{},
		commits:       map[string]map[string]bool{},
		ids:           map[string]int64{},
		moved:         map[string]string{},
	}
}

func fold(s string) string { return strings.ToLower(s) }

// id numbers owners and repositories in the order in which they are first met.
func (w *world) id(name string) int64 {
	name = fold(name)
	if w.ids[name] == 0 {
		w.lastID++
		w.ids[name] = 999 + w.lastID
	}
	return w.ids[name]
}

// AddApp makes a GitHub App and returns its private key in PEM. Called again for
// the same app it replaces the key, so that JWTs by the old one are refused.
func (s *Server) AddApp(appID int64) []byte {
	var key *rsa.PrivateKey
	s.Do(func() {
		key = keys.number(s.world.keys)
		s.world.keys++
		s.world.apps[appID] = &key.PublicKey
	})
	return pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})
}

// InstallOption changes what an installation is like.
type InstallOption func(*installation)

// WithoutChecksWrite is an installation that may read check runs only.
func WithoutChecksWrite() InstallOption {
	return func(i *installation) { i.checksWrite = false }
}

// ForUser is an installation on a user's account instead of an organization's.
func ForUser() InstallOption {
	return func(i *installation) { i.user = true }
}

// Install installs an app for all repositories of an owner. It replaces the
// installation with that ID, if there is one; its tokens stay good.
func (s *Server) Install(appID, installationID int64, owner string, opts ...InstallOption) {
	i := &installation{id: installationID, app: appID, owner: owner, checksWrite: true}
	for _, o := range opts {
		o(i)
	}
	s.Do(func() { s.world.installations[installationID] = i })
}

// Uninstall takes an installation away. Its tokens are worth nothing at once.
func (s *Server) Uninstall(installationID int64) {
	s.Do(func() { delete(s.world.installations, installationID) })
}

// Suspend suspends an installation, or lets it in again. Meanwhile its tokens are refused, and
// there are no others.
func (s *Server) Suspend(installationID int64, suspended bool) {
	s.Do(func() { s.world.installations[installationID].suspended = suspended })
}

// AddRepo makes a repository, given as owner/name, with commits.
func (s *Server) AddRepo(repository string, shas ...string) {
	s.Do(func() {
		if s.world.commits[fold(repository)] == nil {
			s.world.commits[fold(repository)] = map[string]bool{}
			// What is made under the old name of another repository ends its redirect.
			delete(s.world.moved, fold(repository))
		}
		s.world.id(repository)
		for _, sha := range shas {
			s.world.commits[fold(repository)][fold(sha)] = true
		}
	})
}

// AddCommit pushes a commit to a repository, which is made if it is new.
func (s *Server) AddCommit(repository, sha string) { s.AddRepo(repository, sha) }

// RemoveRepo deletes a repository with all its commits, or hides it from every
// installation, which looks the same.
func (s *Server) RemoveRepo(repository string) {
	s.Do(func() { delete(s.world.commits, fold(repository)) })
}

// installed returns the installation of an app for an owner, or nil.
func (w *world) installed(app int64, owner string) *installation {
	for _, i := range w.installations {
		if i.app == app && fold(i.owner) == fold(owner) {
			return i
		}
	}
	return nil
}
