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

// settlingTime is how long a hub is left alone before its memory is measured.
const settlingTime = 150 * time.Second

// takeOver is how long after its start a hub looks up what it sees first: a minute after it
// has the lease, with some to spare. What is measured is a hub that has been there for longer.
const takeOver = 70 * time.Second

// measureStorm measures how long crowds of different sizes take, and how a hub that starts
// with them does.
func measureStorm(ctx context.Context, w *world, s settings) error {
	empty, err := w.emptyHub(ctx, s)
	if err != nil {
		return err
	}
	var perKey []time.Duration
	var memory []float64
	for _, n := range []int{s.objects / 100, s.storm, s.objects} {
		var floor time.Duration
		if n == s.storm {
			if floor, err = w.bareStorm(ctx, s.members, n); err != nil {
				return err
			}
		}
		took, err := w.storm(ctx, s, n)
		if err != nil {
			return err
		}
		if n == s.storm {
			row(fmt.Sprintf("%d new CommitStatuses in %d members, until all are told", n, s.members), "%.2f× a bare loop (%s, %s)",
				ratio(took, floor), took.Round(time.Millisecond), floor.Round(time.Millisecond))
		}
		if err := w.restart(ctx, s, n); err != nil {
			return err
		}
		rss, err := w.settled(ctx, s, fmt.Sprintf("at-rest-%d.heap", n))
		if err != nil {
			return err
		}
		perKey, memory = append(perKey, took/time.Duration(n)), append(memory, (rss-empty)/float64(n))
		row(fmt.Sprintf("time and memory for each of %d", n), "%s, %.2f KiB", (took / time.Duration(n)).Round(time.Microsecond), (rss-empty)/float64(n)/1024)
		if err := w.clear(ctx, s.members); err != nil {
			return err
		}
	}
	row(fmt.Sprintf("growth of time and memory for a key, from %d to %d", s.objects/100, s.objects), "%.2f×, %.2f×",
		ratio(perKey[2], perKey[0]), memory[2]/memory[0])
	return nil
}

// emptyHub is the memory of a hub whose members have nothing but a GitRepo.
func (w *world) emptyHub(ctx context.Context, s settings) (rss float64, err error) {
	if err := w.prepare(ctx, s.members); err != nil {
		return 0, err
	}
	if err := w.join(ctx, s.members); err != nil {
		return 0, err
	}
	if err := w.startHub(); err != nil {
		return 0, err
	}
	if rss, err = w.settled(ctx, s, "empty.heap"); err != nil {
		return 0, err
	}
	row(fmt.Sprintf("memory of a hub with %d members and no CommitStatus", s.members), "%.0f MiB", rss/(1<<20))
	return rss, w.clear(ctx, s.members)
}

// settled is the hub's memory some time after it has done what there was to do: the Go
// runtime collects garbage every two minutes then, and gives memory back.
func (w *world) settled(ctx context.Context, s settings, profile string) (rss float64, err error) {
	if err := w.rest(ctx, settlingTime); err != nil {
		return 0, err
	}
	if rss, err = w.hub.rss(); err != nil {
		return 0, err
	}
	return rss, w.hub.profile(ctx, s.profiles, profile, "heap")
}

// storm has a hub find n new CommitStatuses, and returns how long it takes until it has told
// all of them: their members join it when it has been there for longer than it looks up what
// it sees first.
func (w *world) storm(ctx context.Context, s settings, n int) (took time.Duration, err error) {
	if err := w.crowd(ctx, s.members, 0, n); err != nil {
		return 0, err
	}
	if err := w.startHub(); err != nil {
		return 0, err
	}
	if err := w.rest(ctx, takeOver); err != nil {
		return 0, err
	}
	profiled := w.hub.profileWhile(ctx, s.profiles, fmt.Sprintf("storm-%d.cpu", n))
	begin := time.Now()
	if err := w.join(ctx, s.members); err != nil {
		return 0, err
	}
	if err := w.patched(ctx, n); err != nil {
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
