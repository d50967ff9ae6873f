package gitea

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/clock"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
	"github.com/argoproj-labs/commit-status-hub/providers/contract"
	provider "github.com/argoproj-labs/commit-status-hub/providers/gitea"
	"github.com/argoproj-labs/commit-status-hub/ratelimit"
)

// skip leaves these tests out where it is "1": building Gitea takes minutes. It is not
// obeyed where CI is set.
const skip = "COMMIT_STATUS_HUB_SKIP_GITEA"

const unknown = "0000000000000000000000000000000000000001"

// world is the Gitea that all tests share, and its users.
type world struct {
	*Server
	// admin is told what goes wrong, robot is not; both may write. stranger is somebody
	// else who may.
	admin, robot, stranger string
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
	if w.admin, err = w.AddUser(ctx, "administrator", "--admin", "--access-token-scopes", "write:repository,read:user"); err != nil {
		return nil, err
	}
	if w.robot, err = w.AddUser(ctx, "robot", "--access-token-scopes", "write:repository"); err != nil {
		return nil, err
	}
	w.stranger, err = w.AddUser(ctx, "stranger", "--access-token-scopes", "write:repository")
	return w, err
}

func gitea(t *testing.T) *world {
	t.Helper()
	if os.Getenv(skip) == "1" {
		if ci := os.Getenv("CI"); ci == "" || ci == "false" {
			t.Skipf("%s=1: the provider is not tried against a real Gitea", skip)
		}
	}
	w, err := start()
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// scm is a new repository in Gitea, behind a front of its own, and a user who may write
// to it by a token.
func (w *world) scm(t *testing.T, token string) *contract.SCM {
	t.Helper()
	g := NewWithT(t)
	repository, sha, err := w.AddRepo(t.Context(), "administrator", "robot", "stranger")
	g.Expect(err).NotTo(HaveOccurred())
	f := newFront(t, w.Root)
	installations := ratelimit.NewInstallations(clock.RealClock{})
	t.Cleanup(installations.CloseIdleConnections)
	s := &contract.SCM{
		Kind: provider.NewKind(installations, clock.RealClock{}),
		Provider: &v1alpha1.ScmProvider{
			ObjectMeta: metav1.ObjectMeta{Name: "gitea", Namespace: "commit-status-system"},
			Spec: v1alpha1.ScmProviderSpec{
				Gitea:     &v1alpha1.GiteaSpec{APIURL: v1alpha1.APIURL(f.URL + "/api/v1")},
				SecretRef: v1alpha1.ObjectReference{Name: "gitea-token"},
			},
		},
		Secret: map[string][]byte{"token": []byte(token)}, Installations: installations,
		Repository: repository, SHA: sha, UnknownSHA: unknown,
		All:    func(at providers.Target) []providers.Status { return w.all(t, at) },
		Calls:  func() int { calls, _ := f.counted(); return calls },
		Writes: func() int { _, writes := f.counted(); return writes },
		Edit: func(at providers.Target, to providers.Status) {
			w.write(t, w.stranger, at, map[string]any{
				"context": at.Name, "state": map[v1alpha1.Phase]string{v1alpha1.PhaseSuccess: "success", v1alpha1.PhaseFailure: "failure"}[to.Phase], "description": to.Description, "target_url": to.URL,
			})
		},
		Inject: map[contract.Fault]func(contract.Request){},
	}
	s.Other = s.Edit
	for _, fault := range []contract.Fault{
		contract.LostBefore, contract.LostAfter, contract.CutBody, contract.Hang, contract.ServerError, contract.Page,
		contract.Redirect, contract.TooManyRequests,
	} {
		s.Inject[fault] = f.inject(fault)
	}
	s.Inject[contract.RepositoryGone] = func(contract.Request) {
		g.Expect(w.Call(t.Context(), w.Admin, http.MethodDelete, "repos/"+repository, nil, nil)).To(Succeed())
	}
	return s
}

type status struct {
	ID          int64  `json:"id"`
	State       string `json:"status"`
	TargetURL   string `json:"target_url"`
	Description string `json:"description"`
	Context     string `json:"context"`
}

func (w *world) write(t *testing.T, token string, at providers.Target, body map[string]any) {
	t.Helper()
	path := fmt.Sprintf("repos/%s/statuses/%s", at.Repository, at.SHA)
	NewWithT(t).Expect(w.Call(t.Context(), token, http.MethodPost, path, body, nil)).To(Succeed())
}

// all reads the statuses at a target in the order of their ids.
func (w *world) all(t *testing.T, at providers.Target) []providers.Status {
	t.Helper()
	var every []status
	for page := 1; ; page++ {
		var some []status
		path := fmt.Sprintf("repos/%s/statuses/%s?limit=50&sort=highestindex&page=%d", at.Repository, at.SHA, page)
		NewWithT(t).Expect(w.Call(t.Context(), w.Admin, http.MethodGet, path, nil, &some)).To(Succeed())
		if len(some) == 0 {
			break
		}
		every = append(every, some...)
	}
	slices.SortFunc(every, func(a, b status) int { return int(a.ID - b.ID) })
	found := []providers.Status{}
	for _, s := range every {
		name, err := strconv.Unquote(s.Context)
		if err != nil || strings.TrimSpace(name) == name {
			name = s.Context
		}
		if name == at.Name {
			phase := map[string]v1alpha1.Phase{"pending": "queued", "success": "success", "failure": "failure"}[s.State]
			found = append(found, providers.Status{Phase: phase, Description: s.Description, URL: s.TargetURL})
		}
	}
	return found
}

func TestContract(t *testing.T) {
	w := gitea(t)
	contract.Run(t, func(t *testing.T) *contract.SCM { return w.scm(t, w.admin) })
}

var done = providers.Status{Phase: v1alpha1.PhaseSuccess, Description: "d", URL: "https://ci.example.com/1"}

// client opens a new repository by a token.
func (w *world) client(t *testing.T, token string) (providers.Client, providers.Target) {
	t.Helper()
	s := w.scm(t, token)
	account, err := s.Kind.Open(s.Provider, s.Secret)
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	c, err := account.Client(t.Context(), s.Repository)
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	return c, providers.Target{Repository: s.Repository, SHA: s.SHA, Name: "build"}
}

func TestAUserWhoIsToldNothingStillLearnsThatACommitIsMissing(t *testing.T) {
	w, g := gitea(t), NewWithT(t)
	c, at := w.client(t, w.robot)
	at.SHA = unknown
	_, err := c.Create(t.Context(), at, done)
	e := providers.AsError(err)
	g.Expect(e.Reason).To(Equal(v1alpha1.ReasonCommitNotFound))
	g.Expect(e.Unknown).To(BeTrue())
	g.Expect(c.Find(t.Context(), at)).To(BeNil())
}

func TestATokenThatMayNotAskWhoItIsWorks(t *testing.T) {
	w, g := gitea(t), NewWithT(t)
	c, at := w.client(t, w.robot)
	g.Expect(c.Find(t.Context(), at)).To(BeNil())
	made, err := c.Create(t.Context(), at, done)
	g.Expect(err).NotTo(HaveOccurred())
	w.write(t, w.stranger, at, map[string]any{"context": at.Name, "state": "skipped"})
	g.Expect(c.Find(t.Context(), at)).To(Equal(&made), "the newest of ours")
	listing, err := c.List(t.Context(), providers.Commit{Repository: at.Repository, SHA: at.SHA}, "")
	g.Expect(err).NotTo(HaveOccurred())
	listed := listing.Statuses[at.Name]
	g.Expect(listed.Foreign).To(BeTrue())
	g.Expect(listed.Phase).NotTo(Equal(v1alpha1.PhaseSuccess))
	g.Expect(listed.Handle).To(BeZero(), "a state that Gitea takes and the hub does not")
}

func TestWhatIsWrittenWithinASecondIsAllListed(t *testing.T) {
	w, g := gitea(t), NewWithT(t)
	c, at := w.client(t, w.admin)
	for i := range 120 {
		one := at
		one.Name = fmt.Sprint("build ", i)
		_, err := c.Create(t.Context(), one, done)
		g.Expect(err).NotTo(HaveOccurred())
	}
	listing, err := c.List(t.Context(), providers.Commit{Repository: at.Repository, SHA: at.SHA}, "")
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(listing.Statuses).To(HaveLen(120))
}

func TestARenamedRepositoryIsReadAndNotWritten(t *testing.T) {
	w, g := gitea(t), NewWithT(t)
	c, at := w.client(t, w.admin)
	made, err := c.Create(t.Context(), at, done)
	g.Expect(err).NotTo(HaveOccurred())
	name := strings.Replace(strings.TrimPrefix(at.Repository, "acme/"), "Shop", "Store", 1)
	g.Expect(w.Call(t.Context(), w.Admin, http.MethodPatch, "repos/"+at.Repository, map[string]any{"name": name}, nil)).To(Succeed())
	g.Expect(c.Find(t.Context(), at)).To(Equal(&made))
	_, err = c.Create(t.Context(), at, done)
	g.Expect(providers.AsError(err).Reason).To(Equal(v1alpha1.ReasonRepoNotFound))
}

func TestAMissingPermissionIsTold(t *testing.T) {
	w, g := gitea(t), NewWithT(t)
	reader, err := w.AddUser(t.Context(), "reader", "--access-token-scopes", "write:repository,read:user")
	g.Expect(err).NotTo(HaveOccurred())
	c, at := w.client(t, reader)
	_, err = c.Create(t.Context(), at, done)
	g.Expect(providers.AsError(err).Reason).To(Equal(v1alpha1.ReasonCredentialsInvalid))
	g.Expect(err.Error()).To(ContainSubstring("may not write to repository " + at.Repository))

	scoped, err := w.AddUser(t.Context(), "scoped", "--admin", "--access-token-scopes", "read:repository,read:user")
	g.Expect(err).NotTo(HaveOccurred())
	c, at = w.client(t, scoped)
	_, err = c.Create(t.Context(), at, done)
	g.Expect(err).To(MatchError("the access token lacks the scope write:repository"))
	g.Expect(c.Find(t.Context(), at)).To(BeNil())

	c, _ = w.client(t, "0123456789012345678901234567890123456789")
	_, err = c.Find(t.Context(), at)
	g.Expect(providers.AsError(err).Reason).To(Equal(v1alpha1.ReasonCredentialsInvalid))
}
