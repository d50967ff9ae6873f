package gitea

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/argoproj-labs/commit-status-hub/providers"
)

// world is the Gitea that all tests share, and its users.
type world struct {
	*Server
	// stranger is an administrator, who may write everywhere.
	stranger User
	users    atomic.Int64
}

var (
	start = sync.OnceValues(begin)
	// running is what start has started, for TestMain to stop.
	running *Server
	folder  string
)

func TestMain(m *testing.M) {
	code := m.Run()
	if running != nil {
		if err := running.Stop(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	_ = os.RemoveAll(folder)
	os.Exit(code)
}

func begin() (*world, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 18*time.Minute)
	defer cancel()
	var err error
	if folder, err = os.MkdirTemp("", "gitea-"); err != nil {
		return nil, err
	}
	if running, err = Start(ctx, folder, os.Stderr); err != nil {
		return nil, err
	}
	w := &world{Server: running}
	w.stranger, err = w.AddUser(ctx, "stranger", true, "write:repository")
	return w, err
}

// gitea is the world, for a test that runs beside others.
func gitea(t *testing.T) *world {
	t.Helper()
	if why := Skipped(); why != "" {
		t.Skip(why)
	}
	t.Parallel()
	w, err := start()
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// administrator is a new user, who is told what goes wrong. All others are not.
func (w *world) administrator(t *testing.T, scopes ...string) User {
	t.Helper()
	return w.user(t, true, scopes)
}

// robot is a new user, who may write nowhere.
func (w *world) robot(t *testing.T, scopes ...string) User {
	t.Helper()
	return w.user(t, false, scopes)
}

func (w *world) user(t *testing.T, administrator bool, scopes []string) User {
	t.Helper()
	user, err := w.AddUser(t.Context(), fmt.Sprintf("robot-%d", w.users.Add(1)), administrator, scopes...)
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	return user
}

// write has a user make a status.
func (w *world) write(t *testing.T, user User, at providers.Target, body map[string]any) {
	t.Helper()
	path := fmt.Sprintf("repos/%s/statuses/%s", at.Repository, at.SHA)
	NewWithT(t).Expect(w.CallAs(t.Context(), user, http.MethodPost, path, body, nil)).To(Succeed())
}
