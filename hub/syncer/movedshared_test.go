package syncer_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/types"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger/ledgertest"
)

// joinBy has a member be engaged that claims the status build by another name of the repository.
func (w *scmWorld) joinBy(cluster, repository string) {
	w.Token[cluster] = w.Engage(cluster, time.Time{})
	repo := ledgertest.GitRepo()
	repo.Spec.Repository = repository
	w.apply(w.SetRepo(cluster, w.Token[cluster], types.NamespacedName{Namespace: repo.Namespace, Name: repo.Name}, repo))
	w.apply(w.SetObject(cluster, w.Token[cluster], ledgertest.CommitStatus(func(cs *v1alpha1.CommitStatus) {
		cs.UID, cs.Spec.Phase = types.UID("uid-in-"+cluster), v1alpha1.PhaseInProgress
	})))
	w.apply(w.Synced(cluster, w.Token[cluster]))
}

// TestMoved_WhatTheNewNameClaimsIsNotCanceled has a claim by the old name of a repository end, of
// which the hub does not know yet that it moved, while another member claims the status by the
// new name.
func TestMoved_WhatTheNewNameClaimsIsNotCanceled(t *testing.T) {
	for name, end := range map[string]func(*scmWorld){
		"deleted": func(w *scmWorld) {
			w.apply(w.RemoveObject("eu", w.Token["eu"], types.NamespacedName{Namespace: "team-a", Name: "build"}, ledger.Deleted))
		},
		"its GitRepo is changed": func(w *scmWorld) {
			repo := ledgertest.GitRepo()
			repo.Generation, repo.Spec.Repository = 2, "acme/market"
			w.apply(w.SetRepo("eu", w.Token["eu"], types.NamespacedName{Namespace: repo.Namespace, Name: repo.Name}, repo))
		},
	} {
		t.Run(name, func(t *testing.T) {
			everySCM(t, func(t *testing.T, start func() *scmWorld, _ own) {
				w := start()
				w.want("build", "in_progress")
				w.run(2 * time.Minute)
				w.moveRepo("acme/shop", "acme/market")
				w.joinBy("us", "acme/market")
				w.run(2 * time.Minute)
				before := len(w.Calls())
				end(w)
				w.run(time.Hour)
				app := w.provider.Spec.GitHub != nil && w.provider.Spec.GitHub.AppID != 0
				for _, call := range w.Calls()[before:] {
					if call.Method != http.MethodGet && call.Status < 300 && !strings.Contains(call.Path, "access_tokens") {
						w.G.Expect(app).To(BeTrue(), "%s %s: %s", call.Method, call.Path, call.RequestBody)
					}
				}
				w.G.Expect(w.Count().Keys).To(BeNumerically("<=", 1))
			})
		})
	}
}

// TestMoved_TheLastClaimIsCanceledByTheNewName has the only claim on a status end before the hub
// knows that its repository moved.
func TestMoved_TheLastClaimIsCanceledByTheNewName(t *testing.T) {
	everySCM(t, func(_ *testing.T, start func() *scmWorld, _ own) {
		w := start()
		w.want("build", "in_progress")
		w.run(2 * time.Minute)
		w.moveRepo("acme/shop", "acme/market")
		before := len(w.Calls())
		w.apply(w.RemoveObject("eu", w.Token["eu"], types.NamespacedName{Namespace: "team-a", Name: "build"}, ledger.Deleted))
		w.run(time.Hour)
		var ends []string
		for _, call := range w.Calls()[before:] {
			if call.Method != http.MethodGet && call.Status < 300 && !strings.Contains(call.Path, "access_tokens") {
				ends = append(ends, call.Path)
			}
		}
		w.G.Expect(ends).To(ConsistOf(ContainSubstring("market")))
		w.G.Expect(w.Count().Keys).To(BeZero())
	})
}
