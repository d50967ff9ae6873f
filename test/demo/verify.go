package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/test/scm/github"
)

// outcomes are what the steps leave behind, as cluster/namespace/name.
var outcomes = map[string]string{
	"prod-eu/team-a/shop-main":       v1alpha1.ReasonSynced,
	"prod-us/team-a/shop-main":       v1alpha1.ReasonConflict,
	"local/team-a/shop-main":         v1alpha1.ReasonSynced,
	"prod-eu/team-a/shop-main-again": v1alpha1.ReasonSynced,
	"prod-us/team-a/shop-main-again": v1alpha1.ReasonSynced,
	"local/team-a/shop-main-again":   v1alpha1.ReasonSynced,
	"prod-eu/team-a/handbook-main":   v1alpha1.ReasonSynced,
	"prod-us/team-a/handbook-main":   v1alpha1.ReasonSynced,
	"local/team-a/handbook-main":     v1alpha1.ReasonSynced,
	"prod-eu/team-a/shop-branch":     v1alpha1.ReasonSynced,
	"prod-eu/team-a/not-pushed":      v1alpha1.ReasonSynced,
	"prod-eu/team-a/no-gitrepo":      v1alpha1.ReasonGitRepoNotFound,
	"prod-eu/team-b/not-granted":     v1alpha1.ReasonDenied,
}

const (
	wantPosts    = 4 // shop-main, shop-branch on two commits, and not-pushed
	wantPatches  = 3 // in_progress → success, the old commit's → canceled, and what was changed on GitHub
	wantStatuses = 2 // in_progress → success, on GitLab
)

// quiet is how long the ledger is watched for calls that should not be made.
const quiet = 3 * time.Second

// retries are how long the hub waits before it asks for an unknown commit again.
var retries = []time.Duration{5 * time.Second, 15 * time.Second, time.Minute}

// verify compares what every cluster says with what the SCMs show and were asked,
// and fails with all that differs.
func (w *world) verify(ctx context.Context) error {
	begun := time.Now()
	err := w.until(ctx, "the time to see late calls is over", func(context.Context) (bool, string, error) {
		return time.Since(begun) > quiet, "", nil
	})
	if err != nil {
		return err
	}
	var all []claim
	for _, m := range w.all() {
		var list v1alpha1.CommitStatusList
		if err := m.Client.List(ctx, &list); err != nil {
			return fmt.Errorf("listing the CommitStatuses of %s: %w", m.context, err)
		}
		for i := range list.Items {
			all = append(all, claim{m.name, &list.Items[i]})
		}
	}
	found := findings{}
	owners := ownersOf(all)
	for _, c := range all {
		w.verifyStatus(&found, c, owners)
	}
	found.equal("CommitStatuses", len(all), len(outcomes))
	w.verifyCalls(&found)
	if len(found.wrong) > 0 {
		return fmt.Errorf("the end state is not right:\n  %w", errors.New(strings.Join(found.wrong, "\n  ")))
	}
	fmt.Printf("\n\nAll is as it should be: %d checks of %d CommitStatuses, %d check runs, a status on GitLab,\nand %d calls to both.\n",
		found.checks, len(all), wantPosts, len(w.github.Calls())+len(w.gitlab.Calls()))
	return nil
}

// findings are what is not as it should be.
type findings struct {
	checks int
	wrong  []string
}

func (f *findings) equal(what string, got, want any) {
	f.checks++
	if got != want {
		f.wrong = append(f.wrong, fmt.Sprintf("%s: %v instead of %v", what, got, want))
	}
}

// claim is a CommitStatus of a cluster.
type claim struct {
	cluster string
	*v1alpha1.CommitStatus
}

func (c claim) id() string { return strings.Join([]string{c.cluster, c.Namespace, c.Name}, "/") }

// place is what claims are about that want to be shown as one.
func (c claim) place() string { return c.Spec.SHA + " " + c.Spec.Name }

// ownersOf are the claims that count at each place: the oldest, and of two of one
// second that of the cluster with the lesser name.
func ownersOf(all []claim) map[string]string {
	older := func(a, b claim) int {
		return cmp.Or(a.CreationTimestamp.Compare(b.CreationTimestamp.Time), strings.Compare(a.id(), b.id()))
	}
	owners := map[string]string{}
	for _, c := range slices.SortedFunc(slices.Values(all), older) {
		if _, ok := owners[c.place()]; !ok && outcomes[c.id()] == v1alpha1.ReasonSynced {
			owners[c.place()] = c.id()
		}
	}
	return owners
}

func (w *world) verifyStatus(f *findings, object claim, owners map[string]string) {
	id, status := object.id(), object.Status
	reason, _ := readyOf(object.CommitStatus)
	want := outcomes[id]
	f.equal(id+": reason", reason, want)
	f.equal(id+": isSynced", status.IsSynced, want == v1alpha1.ReasonSynced)
	f.equal(id+": syncFailure present", status.SyncFailure != nil, want != v1alpha1.ReasonSynced)
	f.equal(id+": observedGeneration", status.ObservedGeneration, object.Generation)
	if want != v1alpha1.ReasonSynced && want != v1alpha1.ReasonConflict {
		f.equal(id+": ID", idOf(object.CommitStatus), int64(0))
		return
	}
	all := w.shownFor(object.CommitStatus)
	f.equal(id+": shown on its commit", len(all), 1)
	if len(all) != 1 {
		return
	}
	shows := all[0]
	f.equal(id+": ID", idOf(object.CommitStatus), shows.id)
	f.equal(id+": phase", status.Phase, shows.phase)
	f.equal(id+": name", status.Name, shows.name)
	f.equal(id+": description", status.Description, shows.description)
	f.equal(id+": url", status.URL, shows.url)
	f.equal(id+": sha", status.SHA, shows.sha)
	f.equal(id+": repo", status.Repo, shows.repo)
	f.equal(id+": scmProvider", status.ScmProvider, shows.scmProvider)
	if want == v1alpha1.ReasonSynced {
		f.equal(id+": the phase that is asked for", status.Phase, object.Spec.Phase)
		f.equal(id+": the description that is asked for", status.Description, object.Spec.Description)
	}
	owner := ""
	if oldest := owners[object.place()]; oldest != id {
		owner = oldest
	}
	f.equal(id+": owner", status.Owner, owner)
}

func (w *world) verifyCalls(f *findings) {
	posts, patches := 0, 0
	var early []time.Time
	for _, c := range w.github.Calls() {
		switch {
		case c.Operation == github.OpCreateCheckRun && c.Status == http.StatusCreated:
			posts++
		case c.Operation == github.OpUpdateCheckRun && c.Status == http.StatusOK:
			patches++
		case c.Status == http.StatusUnprocessableEntity && strings.Contains(c.Path+string(c.RequestBody), laterSHA):
			early = append(early, c.At)
		case c.Operation == github.OpListCheckRuns && c.Status == http.StatusNotModified:
		default:
			f.equal("answer to "+c.Method+" "+c.Path, c.Status/100, 2)
		}
	}
	f.equal("check runs made (POST)", posts, wantPosts)
	f.equal("check runs changed (PATCH)", patches, wantPatches)
	for _, run := range w.github.CheckRuns(repository, branchSHA) {
		f.equal("the commit that was left", phaseOf(run), v1alpha1.PhaseCanceled)
	}
	for _, c := range w.gitlab.Calls() {
		f.equal("answer to "+c.Method+" "+c.Path, c.Status/100, 2)
	}
	f.equal("statuses sent to GitLab (POST)", len(w.gitlab.Writes()), wantStatuses)
	f.equal("limits disregarded", w.github.Violations()+w.gitlab.Violations(), 0)
	for i := 1; i < len(early); i++ {
		pause := early[i].Sub(early[i-1])
		f.equal(fmt.Sprintf("pause of at least %s before try %d of an unknown commit", retries[i-1], i+1), pause >= retries[i-1], true)
	}
}
