package gitea

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/clock"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
	provider "github.com/argoproj-labs/commit-status-hub/providers/gitea"
	"github.com/argoproj-labs/commit-status-hub/ratelimit"
	"github.com/argoproj-labs/commit-status-hub/test/providercontract"
)

const unknown = "0000000000000000000000000000000000000001"

func TestContract(t *testing.T) {
	w := gitea(t)
	providercontract.Run(t, func(of *testing.T) *providercontract.SCM {
		if of != t {
			of.Parallel()
		}
		return w.scm(of, w.administrator(of, "write:repository", "read:user"))
	})
}

// scm is a new repository in Gitea, behind a front of its own, and the token of a user.
// It has no Delete: nobody can delete a status in Gitea.
func (w *world) scm(t *testing.T, user User) *providercontract.SCM {
	t.Helper()
	repository, sha, err := w.AddRepo(t.Context())
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	f := newFront(t, w.Root)
	installations := ratelimit.NewInstallations(clock.RealClock{})
	t.Cleanup(installations.CloseIdleConnections)
	s := &providercontract.SCM{
		Kind: provider.NewKind(installations, clock.RealClock{}),
		Provider: &v1alpha1.ScmProvider{
			ObjectMeta: metav1.ObjectMeta{Name: "gitea", Namespace: "commit-status-system"},
			Spec: v1alpha1.ScmProviderSpec{
				Gitea:     &v1alpha1.GiteaSpec{APIURL: v1alpha1.APIURL(f.URL + "/api/v1")},
				SecretRef: v1alpha1.ObjectReference{Name: "gitea-token"},
			},
		},
		Secret: map[string][]byte{"token": []byte(user.Token)}, Installations: installations,
		Repository: repository, SHA: sha, UnknownSHA: unknown,
		All:    func(at providers.Target) []providers.Status { return w.all(t, at) },
		Calls:  func() int { calls, _ := f.counted(); return calls },
		Writes: func() int { _, writes := f.counted(); return writes },
		Edit: func(at providers.Target, to providers.Status) {
			w.write(t, w.stranger, at, map[string]any{
				"context": at.Name, "state": map[v1alpha1.Phase]string{v1alpha1.PhaseSuccess: "success", v1alpha1.PhaseFailure: "failure"}[to.Phase], "description": to.Description, "target_url": to.URL,
			})
		},
		Inject: w.refusals(t, user, repository),
		Move: func(to string) {
			_, name, _ := strings.Cut(to, "/")
			NewWithT(t).Expect(w.Call(t.Context(), http.MethodPatch, "repos/"+repository, map[string]any{"name": name}, nil)).To(Succeed())
		},
		Paths: f.told,
	}
	s.Other = s.Edit
	for _, fault := range []providercontract.Fault{
		providercontract.LostBefore, providercontract.LostAfter, providercontract.CutBody, providercontract.Hang, providercontract.ServerError, providercontract.Page,
		providercontract.Empty, providercontract.Redirect, providercontract.TooManyRequests,
	} {
		s.Inject[fault] = f.inject(fault)
	}
	return s
}

// refusals are the faults that are Gitea's own.
func (w *world) refusals(t *testing.T, user User, repository string) map[providercontract.Fault]func(providercontract.Request) {
	g := NewWithT(t)
	return map[providercontract.Fault]func(providercontract.Request){
		providercontract.Unauthorized: func(providercontract.Request) {
			g.Expect(w.Revoke(t.Context(), user)).To(Succeed())
		},
		// Everybody may read the code of a public repository, unless it shows none.
		providercontract.Forbidden: func(next providercontract.Request) {
			g.Expect(w.SetAdministrator(t.Context(), user.Name, false)).To(Succeed())
			if next == providercontract.Read {
				g.Expect(w.Call(t.Context(), http.MethodPatch, "repos/"+repository, map[string]any{"has_code": false}, nil)).To(Succeed())
			}
		},
		providercontract.RepositoryGone: func(providercontract.Request) {
			g.Expect(w.Call(t.Context(), http.MethodDelete, "repos/"+repository, nil, nil)).To(Succeed())
		},
	}
}

type status struct {
	ID          int64  `json:"id"`
	State       string `json:"status"`
	TargetURL   string `json:"target_url"`
	Description string `json:"description"`
	Context     string `json:"context"`
}

// all reads the statuses at a target in the order of their ids.
func (w *world) all(t *testing.T, at providers.Target) []providers.Status {
	t.Helper()
	const limit = 50 // Gitea lists no more on a page.
	var every []status
	for page := 1; len(every) == limit*(page-1); page++ {
		var some []status
		path := fmt.Sprintf("repos/%s/statuses/%s?limit=%d&sort=highestindex&page=%d", at.Repository, at.SHA, limit, page)
		NewWithT(t).Expect(w.Call(t.Context(), http.MethodGet, path, nil, &some)).To(Succeed())
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
