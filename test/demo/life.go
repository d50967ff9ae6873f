package main

import (
	"context"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/test/scm/github"
)

// move lets a branch get another commit while the tests of the one before run.
func (w *world) move(ctx context.Context) error {
	since := w.mark()
	typed("kubectl --context prod-eu -n %s apply -f commitstatus-branch.yaml", team)
	indented(w.manifest("commitstatus-branch.yaml"))
	if err := w.eu.apply(ctx, team, w.manifest("commitstatus-branch.yaml")); err != nil {
		return err
	}
	if err := w.untilSynced(ctx, "shop-branch", w.eu); err != nil {
		return err
	}
	w.showGitHub(since, branchSHA)

	since = w.mark()
	note("Somebody pushes. What runs for the old commit will never end, so it is canceled before the new one is shown:")
	const patch = `{"spec":{"sha":"` + nextSHA + `","phase":"queued","description":""}}`
	typed("kubectl --context prod-eu -n %s patch commitstatus shop-branch --type merge \\\n    -p '%s'", team, patch)
	if err := w.eu.patch(ctx, "shop-branch", patch); err != nil {
		return err
	}
	if err := w.untilSynced(ctx, "shop-branch", w.eu); err != nil {
		return err
	}
	if err := w.eu.show(ctx, team, "commitstatuses"); err != nil {
		return err
	}
	w.showGitHub(since, branchSHA, nextSHA)
	return nil
}

// drift lets somebody change on GitHub what the hub has written.
func (w *world) drift(ctx context.Context) error {
	since := w.mark()
	if err := w.compareEvery(ctx, "1s"); err != nil {
		return err
	}
	note("Now somebody changes the check run on GitHub:")
	for _, run := range w.github.CheckRuns(repository, mainSHA) {
		w.github.EditCheckRun(run.ID, func(r *github.CheckRun) { r.Conclusion = "failure" })
	}
	if err := w.untilReason(ctx, w.eu, team, "shop-main", v1alpha1.ReasonDrifted); err != nil {
		return err
	}
	w.showGitHub(since, mainSHA)
	note("With policy Report, the default, that is told and left as it is:")
	if err := w.eu.show(ctx, team, "commitstatuses"); err != nil {
		return err
	}
	if err := w.eu.explain(ctx, team, "shop-main"); err != nil {
		return err
	}

	since = w.mark()
	note("Kubernetes is canonical: whoever wants its word back asks for it.")
	at := time.Now().UTC().Format(time.RFC3339)
	typed("kubectl --context prod-eu -n %s annotate --overwrite commitstatus shop-main \\\n    %s=%s", team, v1alpha1.AnnotationRequestedAt, at)
	if err := w.eu.patch(ctx, "shop-main", `{"metadata":{"annotations":{"`+v1alpha1.AnnotationRequestedAt+`":"`+at+`"}}}`); err != nil {
		return err
	}
	if err := w.untilSynced(ctx, "shop-main", w.eu); err != nil {
		return err
	}
	w.showGitHub(since, mainSHA)
	return w.compareEvery(ctx, "10m")
}

// compareEvery sets the interval at which GitHub is compared with what was written.
func (w *world) compareEvery(ctx context.Context, interval string) error {
	patch := `{"spec":{"drift":{"interval":"` + interval + `"}}}`
	typed("kubectl --context hub -n %s patch scmprovider acme-github --type merge -p '%s'", namespace, patch)
	provider := &v1alpha1.ScmProvider{}
	provider.Namespace, provider.Name = namespace, "acme-github"
	return w.hubCluster.Client.Patch(ctx, provider, client.RawPatch(types.MergePatchType, []byte(patch)))
}
