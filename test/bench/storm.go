package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/test/scm/github"
)

// takeOver is how long after its start a hub looks up what it sees first: a minute after it
// has the lease, with some to spare. What is measured is a hub that has been there for longer.
const takeOver = 70 * time.Second

// held is how long the SCM wants to be left alone before a storm. Within it all is created,
// and told to wait.
const held = 3 * time.Minute

// measureStorm measures how long it takes until many new CommitStatuses are written and
// told, all of which may be written from one moment on.
func measureStorm(ctx context.Context, w *world, s settings) error {
	if err := w.prepare(ctx, s.members); err != nil {
		return err
	}
	floor, err := w.bareStorm(ctx, s.members, s.storm)
	if err != nil {
		return err
	}
	took, err := w.storm(ctx, s)
	if err != nil {
		return err
	}
	row(fmt.Sprintf("%d new CommitStatuses in %d members, until all are told", s.storm, s.members), "%.2f× a bare loop (%s, %s)",
		ratio(took, floor), took.Round(time.Millisecond), floor.Round(time.Millisecond))
	return nil
}

// storm has the SCM refuse the first of the CommitStatuses, so that all wait until it may be
// asked again, and returns how long after that all are told.
func (w *world) storm(ctx context.Context, s settings) (took time.Duration, err error) {
	if err := w.join(ctx, s.members); err != nil {
		return 0, err
	}
	if err := w.startHub(); err != nil {
		return 0, err
	}
	if err := w.rest(ctx, takeOver); err != nil {
		return 0, err
	}
	w.scm.Inject(github.Fault{
		Status: http.StatusTooManyRequests, Header: http.Header{"Retry-After": {fmt.Sprint(int(held.Seconds()))}},
		Body: `{"message":"API rate limit exceeded"}`, Match: func(r *http.Request) bool {
			return r.Method == http.MethodPost && strings.Contains(r.URL.Path, checkRuns)
		},
	})
	if err := w.crowd(ctx, s.members, 0, 1); err != nil {
		return 0, err
	}
	if err := w.hub.reaches(ctx, 1, pausedMetric); err != nil {
		return 0, err
	}
	paused, err := w.hub.metric(ctx, pausedMetric)
	if err != nil {
		return 0, err
	}
	begin := time.UnixMilli(int64(paused * 1000))
	if err := w.crowd(ctx, s.members, 1, s.storm-1); err != nil {
		return 0, err
	}
	if err := w.patched(ctx, s.storm); err != nil {
		return 0, err
	}
	if time.Until(begin) < 0 {
		return 0, fmt.Errorf("%d CommitStatuses were not all told to wait within %s", s.storm, held)
	}
	if err := w.rest(ctx, time.Until(begin)); err != nil {
		return 0, err
	}
	profiled := w.hub.profileWhile(ctx, s.profiles, "storm.cpu")
	if err := w.patched(ctx, 2*s.storm); err != nil {
		return 0, err
	}
	took = time.Since(begin)
	return took, profiled()
}

// bareStorm makes one POST and one status patch for each of n new CommitStatuses. No hub
// runs meanwhile.
func (w *world) bareStorm(ctx context.Context, members, n int) (time.Duration, error) {
	sender, err := w.asInstallation(floorInstallation)
	if err != nil {
		return 0, err
	}
	if err := w.crowd(ctx, members, 0, n); err != nil {
		return 0, err
	}
	var objects []*v1alpha1.CommitStatus
	for i := range n {
		w.sha("floor/shop", 1000+i/perCommit)
		objects = append(objects, w.crowded(members, i))
	}
	begin := time.Now()
	err = inParallel(ctx, 0, n, func(ctx context.Context, i int) error {
		cs := objects[i]
		id, err := postRun(ctx, sender, w.scm.URL()+"/repos/floor/shop/check-runs", cs)
		if err != nil {
			return err
		}
		return w.server(i%members).Client.Status().Patch(ctx, cs, bareStatus(cs, id), client.FieldOwner("floor"), client.ForceOwnership)
	})
	took := time.Since(begin)
	return took, errors.Join(err, w.clear(ctx, members))
}

func postRun(ctx context.Context, sender *http.Client, url string, cs *v1alpha1.CommitStatus) (id int64, err error) {
	body, err := json.Marshal(map[string]any{
		"name": cs.Spec.Name, "head_sha": cs.Spec.SHA, "status": "completed", "conclusion": "success", "details_url": cs.Spec.URL,
		"output": map[string]string{"title": cs.Spec.Name, "summary": cs.Spec.Description},
	})
	if err != nil {
		return 0, fmt.Errorf("encoding a check run: %w", err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return 0, fmt.Errorf("making the request: %w", err)
	}
	answer, err := sender.Do(request)
	if err != nil {
		return 0, fmt.Errorf("making a check run: %w", err)
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusCreated {
		return 0, fmt.Errorf("making a check run: %s: %s %w", answer.Status, text, err)
	}
	var made struct{ ID int64 }
	return made.ID, json.Unmarshal(text, &made)
}

// bareStatus is a status as the hub's own.
func bareStatus(cs *v1alpha1.CommitStatus, id int64) client.Patch {
	now := metav1.Now()
	body, err := json.Marshal(map[string]any{
		"apiVersion": v1alpha1.GroupVersion.String(), "kind": "CommitStatus",
		"metadata": map[string]any{"namespace": cs.Namespace, "name": cs.Name},
		"status": v1alpha1.CommitStatusStatus{
			ObservedGeneration: 1, UpdatedAt: &now, IsSynced: true, ScmProvider: "acme", Repo: "127.0.0.1/floor/shop",
			SHA: cs.Spec.SHA, ShortSHA: cs.Spec.SHA[:7], Name: cs.Spec.Name, Description: cs.Spec.Description, Phase: cs.Spec.Phase, URL: cs.Spec.URL,
			Provider: &v1alpha1.ProviderHandle{GitHub: &v1alpha1.GitHubHandle{CheckRunID: id}},
			Conditions: []metav1.Condition{{
				Type: v1alpha1.ConditionReady, Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonSynced,
				Message: "127.0.0.1 shows success", ObservedGeneration: 1, LastTransitionTime: now,
			}},
		},
	})
	if err != nil {
		panic(err) // nothing in it can't be encoded
	}
	return client.RawPatch("application/apply-patch+yaml", body)
}
