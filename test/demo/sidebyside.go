package main

import (
	"context"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
)

// askGitLab lets the three clusters ask for a status on GitLab too.
func (w *world) askGitLab(ctx context.Context) error {
	since := w.mark()
	typed("kubectl --context hub -n %s create secret generic acme-gitlab-token --from-file=token=token.txt", namespace)
	if err := w.hubCluster.secret(ctx, "acme-gitlab-token", "token", []byte(w.botToken)); err != nil {
		return err
	}
	typed("kubectl --context hub -n %s apply -f scmprovider-gitlab.yaml", namespace)
	indented(w.manifest("scmprovider-gitlab.yaml"))
	if err := w.hubCluster.apply(ctx, namespace, w.manifest("scmprovider-gitlab.yaml")); err != nil {
		return err
	}
	if err := w.untilReady(ctx, "acme-gitlab"); err != nil {
		return err
	}
	files := w.manifest("gitrepo-handbook.yaml") + "---\n" + w.manifest("commitstatus-handbook.yaml")
	typedForAll("-n " + team + " apply -f gitrepo-handbook.yaml -f commitstatus-handbook.yaml")
	indented(files)
	for _, m := range w.all() {
		if err := m.apply(ctx, team, files); err != nil {
			return err
		}
	}
	if err := w.untilSynced(ctx, "handbook-main", w.all()...); err != nil {
		return err
	}
	if err := w.us.show(ctx, team, "commitstatuses"); err != nil {
		return err
	}
	w.showBoth(since)

	since = w.mark()
	note("GitLab takes a new text only together with a new state. What it cannot show now is said meanwhile:")
	if err := w.patchHandbook(ctx, `{"spec":{"description":"Checking 260 links"}}`, v1alpha1.ReasonUnsupported); err != nil {
		return err
	}
	if err := w.us.explain(ctx, team, "handbook-main"); err != nil {
		return err
	}
	note("and goes there with the next state:")
	if err := w.patchHandbook(ctx, `{"spec":{"phase":"success","description":"260 links are good"}}`, v1alpha1.ReasonSynced); err != nil {
		return err
	}
	w.showBoth(since)
	return nil
}

// patchHandbook changes the status on GitLab in each cluster, and waits for the reason.
func (w *world) patchHandbook(ctx context.Context, patch, reason string) error {
	typedForAll("-n " + team + " patch commitstatus handbook-main --type merge \\\n    -p '" + patch + "'")
	for _, m := range w.all() {
		if err := m.patch(ctx, "handbook-main", patch); err != nil {
			return err
		}
	}
	for _, m := range w.all() {
		if err := w.untilReason(ctx, m, team, "handbook-main", reason); err != nil {
			return err
		}
	}
	return nil
}
