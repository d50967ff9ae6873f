package main

import (
	"context"
	"fmt"
	"net/http"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/kubeconfigs"
	"github.com/argoproj-labs/commit-status-hub/test/scm/github"
)

// changesBefore is how many changes the fleet page's plots have to show before something is wrong.
const changesBefore = 18

// showFleet leaves something wrong in each way, so that the fleet page has all of it to show, and
// lets it be until ctx ends.
func (w *world) showFleet(ctx context.Context) error {
	for _, step := range []func(context.Context) error{w.reportMore, w.leaveDrift, w.loseMember, w.changeSome, w.pauseGitHub} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	fmt.Printf("\n\nThe fleet page has something wrong of each kind to show. Ctrl-C ends it.\n\n")
	<-ctx.Done()
	return ctx.Err()
}

// reportMore has clusters report other statuses on the commit of main.
func (w *world) reportMore(ctx context.Context) error {
	for _, s := range []struct {
		in                             *member
		object, name, description, url string
		phase                          v1alpha1.Phase
	}{
		{w.hubCluster, "unit-tests", "unit-tests", "1284 tests passed", "https://ci.example.com/run/40", v1alpha1.PhaseSuccess},
		{w.hubCluster, "image-scan", "image-scan", "No known vulnerabilities", "https://ci.example.com/run/41", v1alpha1.PhaseSuccess},
		{w.eu, "rollout", "rollout/prod-eu", "3 of 5 replicas are new", "https://cd.example.com/apps/shop-eu", v1alpha1.PhaseInProgress},
		{w.us, "rollout", "rollout/prod-us", "Waits for prod-eu", "https://cd.example.com/apps/shop-us", v1alpha1.PhaseQueued},
	} {
		if err := s.in.report(ctx, s.object, mainSHA, s.name, s.phase, s.description, s.url); err != nil {
			return err
		}
		if err := w.untilSynced(ctx, s.object, s.in); err != nil {
			return err
		}
	}
	return nil
}

// report applies a CommitStatus of the team's.
func (m *member) report(ctx context.Context, object, sha, name string, phase v1alpha1.Phase, description, url string) error {
	return m.apply(ctx, team, fmt.Sprintf(`
apiVersion: commit-status.argoproj.io/v1alpha1
kind: CommitStatus
metadata: {name: %s}
spec: {gitRepoRef: {name: shop}, sha: %q, name: %q, phase: %s, description: %q, url: %q}
`, object, sha, name, phase, description, url))
}

// leaveDrift lets somebody change a check run, which policy Report leaves as it is.
func (w *world) leaveDrift(ctx context.Context) error {
	if err := w.compareEvery(ctx, "1s"); err != nil {
		return err
	}
	for _, run := range w.github.CheckRuns(repository, mainSHA) {
		if run.Name == "image-scan" {
			w.github.EditCheckRun(run.ID, func(r *github.CheckRun) { r.Conclusion = "neutral" })
		}
	}
	if err := w.untilReason(ctx, w.hubCluster, team, "image-scan", v1alpha1.ReasonDrifted); err != nil {
		return err
	}
	return w.compareEvery(ctx, "10m")
}

// loseMember adds a member whose API server nobody reaches.
func (w *world) loseMember(ctx context.Context) error {
	config, err := clientcmd.Load(w.us.KubeconfigFor(&rest.Config{BearerToken: "token-of-prod-asia"}))
	if err != nil {
		return fmt.Errorf("reading the kubeconfig of %s: %w", w.us.context, err)
	}
	for _, cluster := range config.Clusters {
		cluster.Server = "https://127.0.0.1:1"
	}
	kubeconfig, err := clientcmd.Write(*config)
	if err != nil {
		return fmt.Errorf("writing a kubeconfig: %w", err)
	}
	return w.hubCluster.Client.Create(ctx, &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "prod-asia", Labels: map[string]string{kubeconfigs.MemberLabel: "true"}},
		Data:       map[string][]byte{"kubeconfig": kubeconfig},
	})
}

// changeSome has the clusters report on new commits for a while.
func (w *world) changeSome(ctx context.Context) error {
	ticker := time.NewTicker(pace)
	defer ticker.Stop()
	for i := range changesBefore {
		sha := newSHA()
		w.github.AddCommit(repository, sha)
		for n := range 1 + i%5 {
			if err := w.eu.report(ctx, fmt.Sprintf("change-%d", n), sha, fmt.Sprintf("change-%d", n), v1alpha1.PhaseSuccess, "", ""); err != nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
		}
	}
	return nil
}

// pauseGitHub has GitHub refuse requests because of a limit, and clusters report what waits then.
func (w *world) pauseGitHub(ctx context.Context) error {
	w.github.Inject(github.Fault{
		Times: -1, Status: http.StatusForbidden, Header: http.Header{"Retry-After": {"900"}},
		Body: `{"message": "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."}`,
	})
	for i := range 9 {
		phase := []v1alpha1.Phase{v1alpha1.PhaseSuccess, v1alpha1.PhaseInProgress, v1alpha1.PhaseQueued}[i%3]
		m := w.all()[i%2]
		if err := m.report(ctx, fmt.Sprintf("release-%d", i), nextSHA, fmt.Sprintf("release-%d", i), phase, "", ""); err != nil {
			return err
		}
	}
	return w.untilReason(ctx, w.eu, team, "release-8", v1alpha1.ReasonPending)
}
