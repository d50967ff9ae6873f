package main

import (
	"context"
	"fmt"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
)

// churn changes CommitStatuses, of which there are always as many. Each change is worth one
// SCM call: what is left behind is completed, so that nothing is to be canceled there.
type churn struct {
	*world
	members int
	objects []*v1alpha1.CommitStatus
	// made counts the objects and commits that there were, and steps the changes.
	made, steps int
	// The changes by kind. For each object that is born one is deleted.
	phases, moves, born int
}

func (c *churn) changes() int { return c.phases + c.moves + c.born }

// begin starts a hub and, once it has been there for a while, creates the objects.
func (c *churn) begin(ctx context.Context) error {
	if err := c.prepare(ctx, c.members); err != nil {
		return err
	}
	if err := c.join(ctx, c.members); err != nil {
		return err
	}
	if err := c.startHub(); err != nil {
		return err
	}
	if err := c.rest(ctx, takeOver); err != nil {
		return err
	}
	for i := range soaked {
		object, err := c.create(ctx, i%c.members)
		if err != nil {
			return err
		}
		c.objects = append(c.objects, object)
	}
	return c.settle(ctx)
}

// create makes one more object in a member, on a commit of its own.
func (c *churn) create(ctx context.Context, member int) (*v1alpha1.CommitStatus, error) {
	object := c.status(member, fmt.Sprintf("soak-%d", c.made))
	object.Spec.SHA = c.nextCommit()
	return object, c.server(member).Client.Create(ctx, object)
}

func (c *churn) nextCommit() string {
	c.made++
	return c.sha("acme/shop", 10_000+c.made)
}

// step makes the next change: of a phase, then of the commit, then of the phase again, and
// then the object's place is taken by another.
func (c *churn) step(ctx context.Context) error {
	i := c.steps % len(c.objects)
	turn := c.steps/len(c.objects) + i
	c.steps++
	object, api := c.objects[i], c.server(i%c.members).Client
	before := object.DeepCopy()
	switch turn % 4 {
	case 0, 2:
		c.phases++
		if object.Spec.Phase = v1alpha1.PhaseFailure; before.Spec.Phase == v1alpha1.PhaseFailure {
			object.Spec.Phase = v1alpha1.PhaseSuccess
		}
		return api.Patch(ctx, object, client.MergeFrom(before))
	case 1:
		c.moves++
		object.Spec.SHA = c.nextCommit()
		return api.Patch(ctx, object, client.MergeFrom(before))
	}
	c.born++
	if err := api.Delete(ctx, object); err != nil {
		return fmt.Errorf("deleting a CommitStatus: %w", err)
	}
	var err error
	c.objects[i], err = c.create(ctx, i%c.members)
	return err
}

// settle waits until all objects are told to be as they should.
func (c *churn) settle(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, toSettle)
	defer cancel()
	return until(ctx, func() (bool, error) {
		n, err := c.unsettled(ctx, c.members)
		return n == 0, err
	})
}
