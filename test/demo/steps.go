package main

import (
	"context"
	"fmt"
	"time"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
)

// walk goes through the steps.
func (w *world) walk(ctx context.Context) error {
	steps := []struct {
		title string
		run   func(context.Context) error
	}{
		{"set up the hub and its members", w.setUp},
		{"three clusters ask for the same status", w.askAlike},
		{"all three report success", w.succeed},
		{"another repository is on GitLab", w.askGitLab},
		{"one cluster disagrees", w.disagree},
		{"a branch moves on while its tests run", w.move},
		{"somebody changes a check run on GitHub", w.drift},
		{"requests that cannot be met", w.askWrongly},
		{"the hub is restarted", w.restart},
	}
	for i, step := range steps {
		title(i+1, len(steps), step.title)
		if err := step.run(ctx); err != nil {
			return fmt.Errorf("step %d, %s: %w", i+1, step.title, err)
		}
	}
	return nil
}

func (w *world) setUp(ctx context.Context) error {
	typed("kubectl --context hub apply -k deploy/crds")
	typed("kubectl --context hub apply -k deploy/hub        # the hub itself runs as a process here")
	if err := w.install(ctx, w.hubCluster, "hub", "namespace.yaml", "serviceaccount.yaml", "role.yaml", "bindings.yaml"); err != nil {
		return err
	}
	typed("commit-status-hub run --kubeconfig hub.kubeconfig --namespace %s > hub.log &", namespace)
	if err := w.startHub(ctx); err != nil {
		return err
	}
	note("(process %d, log in %s;\nhub.kubeconfig holds a token of the account that deploy/hub makes)", w.hub.pid(), w.hub.log)

	typed("kubectl --context hub -n %s create secret generic acme-github-app --from-file=privateKey=app.pem", namespace)
	if err := w.hubCluster.secret(ctx, "acme-github-app", "privateKey", w.appKey); err != nil {
		return err
	}
	typed("kubectl --context hub -n %s apply -f scmprovider.yaml", namespace)
	indented(w.manifest("scmprovider.yaml"))
	if err := w.hubCluster.apply(ctx, namespace, w.manifest("scmprovider.yaml")); err != nil {
		return err
	}
	for _, m := range []*member{w.eu, w.us} {
		if err := w.cluster(ctx, "add", m.name, "--context", m.context); err != nil {
			return err
		}
	}
	for _, m := range []*member{w.eu, w.us} {
		if err := w.connected(ctx, m); err != nil {
			return err
		}
	}
	if err := w.cluster(ctx, "list"); err != nil {
		return err
	}
	typedForAll("create namespace " + team)
	typedForAll("-n " + team + " apply -f gitrepo.yaml")
	for _, m := range w.all() {
		if err := m.apply(ctx, "", namespaceOf(team)); err != nil {
			return err
		}
		if err := m.apply(ctx, team, w.manifest("gitrepo.yaml")); err != nil {
			return err
		}
	}
	indented(w.manifest("gitrepo.yaml"))
	if err := w.untilReady(ctx, "acme-github"); err != nil {
		return err
	}
	return w.hubCluster.show(ctx, namespace, "scmproviders")
}

func (w *world) askAlike(ctx context.Context) error {
	since := w.mark()
	for i, m := range w.all() {
		typed("kubectl --context %s -n %s apply -f commitstatus.yaml", m.context, team)
		if err := m.apply(ctx, team, w.manifest("commitstatus.yaml")); err != nil {
			return err
		}
		if i == 0 {
			indented(w.manifest("commitstatus.yaml"))
			// The oldest owns the status, and ages are told in whole seconds.
			if err := w.until(ctx, "the clock's next second", w.olderThanASecond); err != nil {
				return err
			}
		}
	}
	fmt.Println()
	if err := w.untilSynced(ctx, "shop-main", w.all()...); err != nil {
		return err
	}
	if err := w.showAll(ctx); err != nil {
		return err
	}
	w.showGitHub(since, mainSHA)
	return w.showIDs(ctx, "shop-main")
}

func (w *world) succeed(ctx context.Context) error {
	since := w.mark()
	const patch = `{"spec":{"phase":"success","description":"Hydrated 12 apps"}}`
	typedForAll("-n " + team + " patch commitstatus shop-main --type merge \\\n    -p '" + patch + "'")
	for _, m := range w.all() {
		if err := m.patch(ctx, "shop-main", patch); err != nil {
			return err
		}
	}
	fmt.Println()
	if err := w.untilSynced(ctx, "shop-main", w.all()...); err != nil {
		return err
	}
	if err := w.showAll(ctx); err != nil {
		return err
	}
	w.showGitHub(since, mainSHA)
	return nil
}

func (w *world) disagree(ctx context.Context) error {
	since := w.mark()
	const patch = `{"spec":{"phase":"failure","description":"3 of 12 apps failed"}}`
	typed("kubectl --context prod-us -n %s patch commitstatus shop-main --type merge \\\n    -p '%s'", team, patch)
	if err := w.us.patch(ctx, "shop-main", patch); err != nil {
		return err
	}
	if err := w.untilReason(ctx, w.us, team, "shop-main", v1alpha1.ReasonConflict); err != nil {
		return err
	}
	note("The oldest claim, prod-eu's, is what GitHub shows; prod-us is told so:")
	if err := w.us.show(ctx, team, "commitstatuses"); err != nil {
		return err
	}
	if err := w.us.explain(ctx, team, "shop-main"); err != nil {
		return err
	}
	w.showGitHub(since, mainSHA)
	return nil
}

func (w *world) askWrongly(ctx context.Context) error {
	since := w.mark()
	typed("kubectl --context prod-eu -n %s apply -f bad-phase.yaml          # phase: done", team)
	answer, err := refusalOf(w.eu.apply(ctx, team, w.manifest("bad-phase.yaml")))
	if err != nil {
		return err
	}
	indented(answer)
	for _, bad := range []struct{ namespace, name, why, reason string }{
		{"team-b", "not-granted", "no grant for namespace team-b", v1alpha1.ReasonDenied},
		{team, "no-gitrepo", `gitRepoRef: {name: shpo}, a typo`, v1alpha1.ReasonGitRepoNotFound},
		{team, "not-pushed", "a commit that GitHub does not have yet", v1alpha1.ReasonCommitNotFound},
	} {
		typed("kubectl --context prod-eu -n %s apply -f %-20s # %s", bad.namespace, bad.name+".yaml", bad.why)
		if err := w.eu.apply(ctx, "", namespaceOf(bad.namespace)); err != nil {
			return err
		}
		if err := w.eu.apply(ctx, bad.namespace, w.manifest(bad.name+".yaml")); err != nil {
			return err
		}
		if err := w.untilReason(ctx, w.eu, bad.namespace, bad.name, bad.reason); err != nil {
			return err
		}
		if err := w.eu.explain(ctx, bad.namespace, bad.name); err != nil {
			return err
		}
		fmt.Println()
	}
	typed("git push")
	w.github.AddCommit(repository, laterSHA)
	note("An unknown commit is tried again after 5 s, 15 s, 1 min and so on. With the push, the next try succeeds:")
	if err := w.untilSynced(ctx, "not-pushed", w.eu); err != nil {
		return err
	}
	if err := w.eu.show(ctx, team, "commitstatuses"); err != nil {
		return err
	}
	w.showGitHub(since, mainSHA, laterSHA)
	return nil
}

func (w *world) restart(ctx context.Context) error {
	since := w.mark()
	typed("kill %d        # the hub", w.hub.pid())
	if err := w.hub.stop(); err != nil {
		return err
	}
	w.hub = nil
	typedForAll("-n " + team + " apply -f commitstatus-again.yaml")
	for _, m := range w.all() {
		if err := m.apply(ctx, team, w.manifest("commitstatus-again.yaml")); err != nil {
			return err
		}
	}
	typed("commit-status-hub run … &")
	begun := time.Now()
	if err := w.startHub(ctx); err != nil {
		return err
	}
	if err := w.untilSynced(ctx, "shop-main-again", w.all()...); err != nil {
		return err
	}
	note("The new hub (process %d) knew within %s what GitHub shows, also for the claims made meanwhile:",
		w.hub.pid(), time.Since(begun).Round(100*time.Millisecond))
	if err := w.showAll(ctx); err != nil {
		return err
	}
	note("The budget that is left went over the restart as well:")
	if err := w.hubCluster.show(ctx, namespace, "scmproviders"); err != nil {
		return err
	}
	w.showGitHub(since, mainSHA, laterSHA)
	return nil
}
