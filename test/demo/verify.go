package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
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
	"prod-eu/team-a/shop-branch":     v1alpha1.ReasonSynced,
	"prod-eu/team-a/not-pushed":      v1alpha1.ReasonSynced,
	"prod-eu/team-a/no-gitrepo":      v1alpha1.ReasonGitRepoNotFound,
	"prod-eu/team-b/not-granted":     v1alpha1.ReasonDenied,
}

const (
	mainOwner   = "prod-eu/team-a/shop-main"
	wantPosts   = 4 // shop-main, shop-branch on two commits, and not-pushed
	wantPatches = 3 // in_progress → success, the old commit's → canceled, and what was changed on GitHub
)

// quiet is how long the ledger is watched for calls that should not be made.
const quiet = 3 * time.Second

// retries are how long the hub waits before it asks for an unknown commit again.
var retries = []time.Duration{5 * time.Second, 15 * time.Second, time.Minute}

// verify compares what every cluster says with what GitHub shows and was asked,
// and fails with all that differs.
func (w *world) verify(ctx context.Context) error {
	begun := time.Now()
	err := w.until(ctx, "the time to see late calls is over", func(context.Context) (bool, string, error) {
		return time.Since(begun) > quiet, "", nil
	})
	if err != nil {
		return err
	}
	found := findings{}
	seen := 0
	for _, m := range w.all() {
		var list v1alpha1.CommitStatusList
		if err := m.Client.List(ctx, &list); err != nil {
			return fmt.Errorf("listing the CommitStatuses of %s: %w", m.context, err)
		}
		for i := range list.Items {
			seen++
			w.verifyStatus(&found, m.name, &list.Items[i])
		}
	}
	found.equal("CommitStatuses", seen, len(outcomes))
	w.verifyCalls(&found)
	if len(found.wrong) > 0 {
		return fmt.Errorf("the end state is not right:\n  %w", errors.New(strings.Join(found.wrong, "\n  ")))
	}
	fmt.Printf("\n\nAll is as it should be: %d checks of %d CommitStatuses, %d check runs and %d calls.\n",
		found.checks, seen, wantPosts, len(w.github.Calls()))
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

func (w *world) verifyStatus(f *findings, cluster string, object *v1alpha1.CommitStatus) {
	id := strings.Join([]string{cluster, object.Namespace, object.Name}, "/")
	status := object.Status
	reason, _ := readyOf(object)
	want := outcomes[id]
	f.equal(id+": reason", reason, want)
	f.equal(id+": isSynced", status.IsSynced, want == v1alpha1.ReasonSynced)
	f.equal(id+": syncFailure present", status.SyncFailure != nil, want != v1alpha1.ReasonSynced)
	f.equal(id+": observedGeneration", status.ObservedGeneration, object.Generation)
	if want != v1alpha1.ReasonSynced && want != v1alpha1.ReasonConflict {
		f.equal(id+": check run", runOf(object), int64(0))
		return
	}
	runs := w.github.CheckRuns(repository, object.Spec.SHA)
	f.equal(id+": check runs on its commit", len(runs), 1)
	if len(runs) != 1 {
		return
	}
	run := runs[0]
	f.equal(id+": checkRunId", runOf(object), run.ID)
	f.equal(id+": phase", phaseOf(run), string(status.Phase))
	f.equal(id+": name", status.Name, run.Name)
	f.equal(id+": description", status.Description, run.Summary)
	f.equal(id+": url", status.URL, run.DetailsURL)
	f.equal(id+": sha", status.SHA, run.HeadSHA)
	f.equal(id+": repo", status.Repo, strings.TrimPrefix(w.github.URL(), "http://")+"/"+repository)
	f.equal(id+": scmProvider", status.ScmProvider, "acme-github")
	if want == v1alpha1.ReasonSynced {
		f.equal(id+": the phase that is asked for", status.Phase, object.Spec.Phase)
		f.equal(id+": the description that is asked for", status.Description, object.Spec.Description)
	}
	owner := ""
	if object.Spec.SHA == mainSHA && id != mainOwner {
		owner = mainOwner
	}
	f.equal(id+": owner", status.Owner, owner)
}

// phaseOf is the phase that a check run stands for.
func phaseOf(run github.CheckRun) string {
	switch {
	case run.Status != "completed":
		return run.Status
	case run.Conclusion == "cancelled":
		return string(v1alpha1.PhaseCanceled)
	}
	return run.Conclusion
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
		f.equal("the commit that was left", phaseOf(run), string(v1alpha1.PhaseCanceled))
	}
	f.equal("limits disregarded", w.github.Violations(), 0)
	for i := 1; i < len(early); i++ {
		pause := early[i].Sub(early[i-1])
		f.equal(fmt.Sprintf("pause of at least %s before try %d of an unknown commit", retries[i-1], i+1), pause >= retries[i-1], true)
	}
}
