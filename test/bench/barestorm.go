package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
)

// bareStorm makes one POST and one status patch for each of n new CommitStatuses, which were
// told to wait before. No hub runs meanwhile.
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
	tell := func(ctx context.Context, i int, status v1alpha1.CommitStatusStatus) error {
		return w.server(i%members).Client.Status().Patch(ctx, objects[i], applied(status), client.FieldOwner("floor"))
	}
	err = inParallel(ctx, 0, n, func(ctx context.Context, i int) error { return tell(ctx, i, waiting()) })
	if err != nil {
		return 0, err
	}
	begin := time.Now()
	err = inParallel(ctx, 0, n, func(ctx context.Context, i int) error {
		id, err := postRun(ctx, sender, w.scm.URL()+"/repos/floor/shop/check-runs", objects[i])
		if err != nil {
			return err
		}
		return tell(ctx, i, synced(objects[i], id))
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

// waiting and synced are statuses as the hub's own.
func waiting() v1alpha1.CommitStatusStatus {
	now := metav1.Now()
	return v1alpha1.CommitStatusStatus{
		ObservedGeneration: 1, UpdatedAt: &now,
		Conditions: []metav1.Condition{{
			Type: v1alpha1.ConditionReady, Status: metav1.ConditionUnknown, Reason: v1alpha1.ReasonPending,
			Message: "127.0.0.1 wants to be left alone", ObservedGeneration: 1, LastTransitionTime: now,
		}},
	}
}

func synced(cs *v1alpha1.CommitStatus, id int64) v1alpha1.CommitStatusStatus {
	now := metav1.Now()
	return v1alpha1.CommitStatusStatus{
		ObservedGeneration: 1, UpdatedAt: &now, IsSynced: true, ScmProvider: "acme", Repo: "127.0.0.1/floor/shop",
		SHA: cs.Spec.SHA, ShortSHA: cs.Spec.SHA[:7], Name: cs.Spec.Name, Description: cs.Spec.Description, Phase: cs.Spec.Phase, URL: cs.Spec.URL,
		Provider: &v1alpha1.ProviderHandle{GitHub: &v1alpha1.GitHubHandle{CheckRunID: id}},
		Conditions: []metav1.Condition{{
			Type: v1alpha1.ConditionReady, Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonSynced,
			Message: "127.0.0.1 shows success", ObservedGeneration: 1, LastTransitionTime: now,
		}},
	}
}

// applied is the merge patch that writes a status.
func applied(status v1alpha1.CommitStatusStatus) client.Patch {
	body, err := json.Marshal(map[string]any{"status": status})
	if err != nil {
		panic(err) // nothing in it can't be encoded
	}
	return client.RawPatch("application/merge-patch+json", body)
}
