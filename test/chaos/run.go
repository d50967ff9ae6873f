package chaos

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-logr/logr"
	ctrl "sigs.k8s.io/controller-runtime"
)

const (
	// convergence is how long after the last fault all has to be as it should be, and
	// patience how much longer it is waited for, to tell what is late from what is lost.
	convergence, patience = time.Minute, 5 * time.Minute
	// startLimit is how long the first statuses may take.
	startLimit = 3 * time.Minute
	// leastBetween and mostBetween are how long the users of a member wait between two
	// changes.
	leastBetween, mostBetween = 300 * time.Millisecond, 1200 * time.Millisecond
	// warmActs is how many changes each member makes before the first measure, and
	// warmPace the time between two of them.
	warmActs, warmPace = 50, 100 * time.Millisecond
	// perLate is for how many faults there is one write that takes effect late.
	perLate = 200
)

// Options say what a run is like.
type Options struct {
	// Seed decides on all that is chosen.
	Seed uint64
	// Faults is how many there are to be, at least 22.
	Faults int
	// Dir is a folder for the hub's program and logs. It is not removed.
	Dir string
	// Rest is how long the hub is left alone before it is measured what it takes, at the
	// start and at the end.
	Rest time.Duration
	// Growth is by which part what it takes may be more at the end; a tenth if 0.
	Growth float64
	// Progress is told what happens; nil for nobody.
	Progress io.Writer
}

// run is one run.
type run struct {
	Options
	world  *world
	tally  *tally
	acts   atomic.Int64
	report Report
	begun  time.Time
}

// Run injects faults into a hub at work, and reports what it did in spite of them. An error
// is one of the run itself.
func Run(ctx context.Context, o Options) (report Report, err error) {
	ctrl.SetLogger(logr.Discard())
	if o.Progress == nil {
		o.Progress = io.Discard
	}
	if o.Growth == 0 {
		o.Growth = 0.1
	}
	r := &run{Options: o, tally: newTally(), report: Report{Seed: o.Seed, Converged: -1, ConvergedLimited: -1, Growth: o.Growth}, begun: time.Now()}
	r.world, err = newWorld(ctx, o.Dir, o.Seed)
	defer func() { err = errors.Join(err, r.world.close()) }()
	if err != nil {
		return r.report, err
	}
	for _, step := range []func(context.Context) error{r.start, r.spoil, r.converge, r.end} {
		if err := step(ctx); err != nil {
			// What was seen until then may tell why.
			err = errors.Join(err, r.check())
			return r.report, err
		}
	}
	err = r.check()
	return r.report, err
}

func (r *run) say(format string, words ...any) {
	fmt.Fprintf(r.Progress, "%s %6.1f s  %s\n", time.Now().Format(clock), time.Since(r.begun).Seconds(), fmt.Sprintf(format, words...))
}

// spoil injects all faults while members are at work.
func (r *run) spoil(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	working, rest := context.WithCancel(ctx)
	defer rest()
	var work, faults sync.WaitGroup
	fail := func(err error) {
		if err != nil && ctx.Err() == nil {
			r.world.fail(err)
		}
	}
	for n, m := range r.world.members {
		work.Go(func() { fail(r.work(ctx, working, n, m)) })
	}
	begun := time.Now()
	for _, stream := range r.plan() {
		faults.Go(func() { fail(r.inject(ctx, stream)) })
	}
	faults.Go(func() { fail(r.injectLate(ctx)) })
	done := make(chan struct{})
	go func() {
		defer close(done)
		faults.Wait()
		rest()
		work.Wait()
	}()
	var err error
	select {
	case <-done:
	case err = <-r.world.failed:
	case <-ctx.Done():
		err = ctx.Err()
	}
	cancel()
	<-done
	r.report.Faults = time.Since(begun)
	return err
}

func (r *run) plan() []Stream {
	var scms, members []Target
	for _, f := range r.world.forges {
		scms = append(scms, f.targets()...)
	}
	for _, m := range r.world.members {
		members = append(members, Target{Name: m.name, Share: 1})
	}
	return Plan(r.Seed, r.Faults, scms, members)
}

// work makes changes in a member until working ends, and then those that bring it to an end.
func (r *run) work(ctx, working context.Context, n int, m *member) error {
	pace := newPace(r.Seed, n)
	for working.Err() == nil {
		if err := m.do(ctx, m.work.next()); err != nil {
			return err
		}
		r.acts.Add(1)
		wait(working, pace.next())
	}
	for _, act := range m.work.finish() {
		if err := m.do(ctx, act); err != nil {
			return err
		}
	}
	return nil
}

// inject has the faults of a stream happen one after the other. There is no rest after the last
// one: the time to converge runs from its end.
func (r *run) inject(ctx context.Context, s Stream) error {
	for n, fault := range s.Faults {
		met, err := r.one(ctx, s, fault)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			return fmt.Errorf("%s of %s: %w", fault.Kind, s.Target, err)
		}
		r.tally.add(fault.Kind, met)
		r.say("%s %d/%d: %s, met: %t", s.Target, n+1, len(s.Faults), fault.Kind, met)
		if n+1 < len(s.Faults) {
			wait(ctx, fault.Rest)
		}
	}
	return nil
}

func (r *run) one(ctx context.Context, s Stream, fault Fault) (met bool, err error) {
	switch s.Group {
	case SCM:
		i := slices.IndexFunc(r.world.forges, func(f *forge) bool { return f.has(s.Target) })
		return r.world.injectSCM(ctx, r.world.forges[i], fault), nil
	case Member:
		i := slices.IndexFunc(r.world.members, func(m *member) bool { return m.name == s.Target })
		return r.world.injectMember(ctx, r.world.members[i], fault)
	default:
		return r.world.injectHub(ctx, r.tally, fault)
	}
}

func (r *run) injectLate(ctx context.Context) error {
	for n := range max(1, r.Faults/perLate) {
		met, err := r.world.injectLate(ctx, n)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			return err
		}
		r.tally.add(LateWrite, met)
		r.say("%s, met: %t", LateWrite, met)
	}
	return nil
}

// converge waits until all is as it should be after the last fault: first where no limit
// holds anything up, then everywhere.
func (r *run) converge(ctx context.Context) error {
	r.report.Converged = r.convergeWithin(ctx, convergence, r.world.unlimited)
	r.report.ConvergedLimited = r.convergeWithin(ctx, convergence, anywhere)
	if r.report.broken(Convergence) == 0 {
		return ctx.Err()
	}
	for _, each := range r.world.settled(ctx, patience, anywhere) {
		r.broken(NoLoss, each)
	}
	return ctx.Err()
}

// convergeWithin waits until all is as it should be at some places, and returns how long
// after the last fault that was, negative if it took longer than the limit.
func (r *run) convergeWithin(ctx context.Context, limit time.Duration, where func(Place) bool) time.Duration {
	wrong := r.world.settled(ctx, time.Until(r.tally.ended.Add(limit)), where)
	if len(wrong) == 0 {
		took := time.Since(r.tally.ended)
		r.say("all is as it should be, %s after the last fault; %s were allowed", took, limit)
		return took
	}
	for _, each := range wrong {
		r.broken(Convergence, each)
	}
	r.say("not all is as it should be: %s", strings.Join(wrong, "\n"))
	return -1
}

func (r *run) broken(p Promise, detail string) {
	r.report.Broken = append(r.report.Broken, Broken{p, detail})
}
