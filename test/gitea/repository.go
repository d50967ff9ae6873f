package gitea

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// commit makes the commit that every repository gets, with git.
func (s *Server) commit(ctx context.Context) error {
	if err := os.Mkdir(s.work(), 0o755); err != nil {
		return fmt.Errorf("making a folder for a commit: %w", err)
	}
	for _, args := range [][]string{
		{"init", "--quiet", "--initial-branch=main"},
		{"-c", "user.name=acme", "-c", "user.email=acme@example.com", "commit", "--quiet", "--allow-empty", "--message=Begin"},
	} {
		if _, err := s.git(ctx, args...); err != nil {
			return err
		}
	}
	sha, err := s.git(ctx, "rev-parse", "HEAD")
	s.sha = strings.TrimSpace(sha)
	return err
}

// AddRepo makes a public repository of the owner's with a commit. It returns the
// repository's path and the commit.
//
// Gitea adopts what is put in its folder. A push to each repository would take much
// longer: Gitea starts itself three times for the hooks.
func (s *Server) AddRepo(ctx context.Context) (path, sha string, err error) {
	path = fmt.Sprintf("%s/Shop-%d", owner, s.repos.Add(1))
	bare := filepath.Join(s.folder, "repositories", strings.ToLower(path)+".git")
	if _, err := s.git(ctx, "clone", "--quiet", "--bare", "--template=", s.work(), bare); err != nil {
		return "", "", err
	}
	if err := s.Call(ctx, http.MethodPost, "admin/unadopted/"+path, nil, nil); err != nil {
		return "", "", err
	}
	if err := s.Call(ctx, http.MethodPatch, "repos/"+path, map[string]any{"private": false}, nil); err != nil {
		return "", "", err
	}
	return path, s.sha, nil
}

// Permit lets a user, who is no administrator, "read" or "write" a repository.
func (s *Server) Permit(ctx context.Context, user, path, permission string) error {
	return s.Call(ctx, http.MethodPut, "repos/"+path+"/collaborators/"+user, map[string]any{"permission": permission}, nil)
}

// work is the folder of the commit.
func (s *Server) work() string { return filepath.Join(s.folder, "work") }

// git runs git where the commit is.
func (s *Server) git(ctx context.Context, args ...string) (string, error) {
	command := exec.CommandContext(ctx, "git", append([]string{"-C", s.work()}, args...)...)
	command.Env = s.environment()
	out, err := command.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("git: %w: %s", err, out)
	}
	return string(out), nil
}
