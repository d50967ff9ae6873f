package scmproviders

import (
	"context"
	"errors"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/retry"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger"
)

// movesTimeout bounds the recording of repositories that have moved.
const movesTimeout = 10 * time.Second

// RecordMoves writes the repositories of an SCM that have moved into the status of each of its
// ScmProviders. It is the only one that writes status.movedRepositories.
func (s *Controller) RecordMoves(ctx context.Context, moves ledger.Moves) error {
	ctx, cancel := context.WithTimeout(ctx, movesTimeout)
	defer cancel()
	var failed []error
	for _, name := range moves.ScmProviders {
		err := retry.RetryOnConflict(retry.DefaultBackoff, func() error {
			return s.recordMovesIn(ctx, types.NamespacedName{Namespace: s.Namespace, Name: name}, moves.Repositories)
		})
		if err != nil && !apierrors.IsNotFound(err) {
			failed = append(failed, fmt.Errorf("patching ScmProvider %s: %w", name, err))
		}
	}
	return errors.Join(failed...)
}

func (s *Controller) recordMovesIn(ctx context.Context, name types.NamespacedName, moved []v1alpha1.MovedRepository) error {
	var provider v1alpha1.ScmProvider
	if err := s.Client.Get(ctx, name, &provider); err != nil {
		return err
	}
	if equality.Semantic.DeepEqual(provider.Status.MovedRepositories, moved) {
		return nil
	}
	before := provider.DeepCopy()
	provider.Status.MovedRepositories = moved
	patch := client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{})
	return s.Client.Status().Patch(ctx, &provider, patch, client.FieldOwner(v1alpha1.FieldOwner))
}
