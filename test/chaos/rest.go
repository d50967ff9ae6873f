package chaos

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"
)

// start has members ask for their first statuses, and measures a hub at rest that has taken
// over and been at work, as the one at the end will have.
func (r *run) start(ctx context.Context) error {
	if err := r.fill(ctx); err != nil {
		return err
	}
	if wrong := r.world.settled(ctx, startLimit, anywhere); len(wrong) > 0 {
		return fmt.Errorf("the first statuses did not come: %s", strings.Join(wrong, "; "))
	}
	leader, _, err := r.world.ready(ctx)
	if err != nil {
		return err
	}
	_ = leader.signal(syscall.SIGKILL)
	if !until(ctx, electLimit, func() bool { next := r.world.leases.leader(); return next != "" && next != leader.name }) {
		return errors.New("nobody took over at the start")
	}
	if err := r.warm(ctx); err != nil {
		return err
	}
	r.report.Before, err = r.measure(ctx, "before")
	r.say("all is in sync: %+v", r.report.Before)
	return err
}

// warm has members work for a while without a fault.
func (r *run) warm(ctx context.Context) error {
	for range warmActs {
		for _, m := range r.world.members {
			if err := m.do(ctx, m.work.next()); err != nil {
				return err
			}
		}
		wait(ctx, warmPace)
	}
	for _, m := range r.world.members {
		for _, act := range m.work.finish() {
			if err := m.do(ctx, act); err != nil {
				return err
			}
		}
	}
	if err := r.fill(ctx); err != nil {
		return err
	}
	if wrong := r.world.settled(ctx, startLimit, anywhere); len(wrong) > 0 {
		return fmt.Errorf("without a fault: %s", strings.Join(wrong, "; "))
	}
	return nil
}

// fill has each member create what it does not have.
func (r *run) fill(ctx context.Context) error {
	for _, m := range r.world.members {
		for _, act := range m.work.fill() {
			if err := m.do(ctx, act); err != nil {
				return err
			}
		}
	}
	return nil
}

// measure is what the leader takes after a rest.
func (r *run) measure(ctx context.Context, when string) (Usage, error) {
	leader, _, err := r.world.ready(ctx)
	if err != nil {
		return Usage{}, err
	}
	wait(ctx, r.Rest)
	return leader.usage(ctx, when)
}

// end brings the members to as many objects as at the start, and measures.
func (r *run) end(ctx context.Context) error {
	if err := r.fill(ctx); err != nil {
		return err
	}
	r.world.settled(ctx, startLimit, anywhere)
	var err error
	r.report.After, err = r.measure(ctx, "after")
	return err
}
