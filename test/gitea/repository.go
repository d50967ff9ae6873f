package gitea

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os/exec"
	"path/filepath"
	"strings"
)

// folderIn is the folder that `go mod download -json` tells.
func folderIn(text string) string {
	var module struct{ Dir string }
	_ = json.Unmarshal([]byte(text), &module)
	return module.Dir
}

// commit makes the commit that every repository gets, with git.
func (s *Server) commit(ctx context.Context) error {
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

// AddRepo makes a repository, pushes a commit to it over HTTP, and lets users write to
// it. It returns the repository's path and the commit.
func (s *Server) AddRepo(ctx context.Context, writers ...string) (path, sha string, err error) {
	name := fmt.Sprintf("Shop-%d", s.repos.Add(1))
	err = s.Call(ctx, s.Admin, http.MethodPost, "user/repos", map[string]any{"name": name, "default_branch": "main"}, nil)
	if err != nil {
		return "", "", err
	}
	path = owner + "/" + name
	at, err := url.Parse(s.Root)
	if err != nil {
		return "", "", err
	}
	at.User, at.Path = url.UserPassword(owner, s.Admin), "/"+path+".git"
	if _, err := s.git(ctx, "push", "--quiet", at.String(), "main"); err != nil {
		return "", "", err
	}
	for _, user := range writers {
		err := s.Call(ctx, s.Admin, http.MethodPut, "repos/"+path+"/collaborators/"+user, map[string]any{"permission": "write"}, nil)
		if err != nil {
			return "", "", err
		}
	}
	return path, s.sha, nil
}

// git runs git in a folder of its own.
func (s *Server) git(ctx context.Context, args ...string) (string, error) {
	work := filepath.Join(s.folder, "work")
	if args[0] == "init" {
		args = append(args, work)
	} else {
		args = append([]string{"-C", work}, args...)
	}
	command := exec.CommandContext(ctx, "git", args...)
	command.Env = s.environment()
	out, err := command.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("git: %w: %s", err, out)
	}
	return string(out), nil
}
