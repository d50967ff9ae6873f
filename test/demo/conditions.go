package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	apimeta "k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
)

// readyOf is the reason and the message of the Ready condition, where it answers
// the object's present spec.
func readyOf(object *v1alpha1.CommitStatus) (reason, message string) {
	ready := apimeta.FindStatusCondition(object.Status.Conditions, v1alpha1.ConditionReady)
	if ready == nil || ready.ObservedGeneration != object.Generation {
		return "", "the hub has not answered yet"
	}
	return ready.Reason, ready.Message
}

// untilReason waits until a CommitStatus's present spec is answered with a reason.
func (w *world) untilReason(ctx context.Context, m *member, namespace, name, reason string) error {
	what := fmt.Sprintf("%s/%s/%s is %s", m.name, namespace, name, reason)
	return w.until(ctx, what, func(ctx context.Context) (bool, string, error) {
		object, err := m.get(ctx, namespace, name)
		if err != nil {
			return false, "", err
		}
		now, message := readyOf(object)
		return now == reason, strings.TrimSpace(now + " " + message), nil
	})
}

// untilSynced waits until the team's CommitStatus of that name is synced in each
// of some clusters.
func (w *world) untilSynced(ctx context.Context, name string, members ...*member) error {
	for _, m := range members {
		if err := w.untilReason(ctx, m, team, name, v1alpha1.ReasonSynced); err != nil {
			return err
		}
	}
	return nil
}

// untilReady waits until an ScmProvider is ready.
func (w *world) untilReady(ctx context.Context, name string) error {
	return w.until(ctx, "ScmProvider "+name+" is ready", func(ctx context.Context) (bool, string, error) {
		object := &v1alpha1.ScmProvider{}
		if err := w.hubCluster.Client.Get(ctx, client.ObjectKey{Namespace: namespace, Name: name}, object); err != nil {
			return false, "", err
		}
		ready := apimeta.FindStatusCondition(object.Status.Conditions, v1alpha1.ConditionReady)
		if ready == nil {
			return false, "the hub has not answered yet", nil
		}
		return ready.Reason == v1alpha1.ReasonReady, ready.Reason + " " + ready.Message, nil
	})
}

func (w *world) olderThanASecond(ctx context.Context) (bool, string, error) {
	object, err := w.eu.get(ctx, team, "shop-main")
	if err != nil {
		return false, "", err
	}
	return time.Now().Unix() > object.CreationTimestamp.Unix(), "created at " + object.CreationTimestamp.String(), nil
}

// explain prints why a CommitStatus is as it is.
func (m *member) explain(ctx context.Context, namespace, name string) error {
	object, err := m.get(ctx, namespace, name)
	if err != nil {
		return err
	}
	reason, message := readyOf(object)
	fmt.Printf("  %s: %s\n", reason, message)
	if object.Status.Owner != "" {
		fmt.Printf("  owner: %s\n", object.Status.Owner)
	}
	return nil
}

// showIDs prints which check run each cluster's CommitStatus tells of.
func (w *world) showIDs(ctx context.Context, name string) error {
	fmt.Println("\nThe checkRunId in each status:")
	out := newTable()
	for _, m := range w.all() {
		object, err := m.get(ctx, team, name)
		if err != nil {
			return err
		}
		row(out, m.name, fmt.Sprint(idOf(object)))
	}
	return out.Flush()
}

// idOf is what the SCM calls the check run or the status, 0 where there is none.
func idOf(object *v1alpha1.CommitStatus) int64 {
	switch p := object.Status.Provider; {
	case p != nil && p.GitHub != nil:
		return p.GitHub.CheckRunID
	case p != nil && p.GitLab != nil:
		return p.GitLab.StatusID
	}
	return 0
}
