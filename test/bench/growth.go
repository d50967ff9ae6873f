package main

import (
	"context"
	"fmt"
	"time"
)

// settlingTime is how long a hub is left alone before its memory is measured.
const settlingTime = 150 * time.Second

// measureGrowth measures what crowds of different sizes take of a hub: the time until it has
// told all of members that join, its memory, and how it starts with them.
func measureGrowth(ctx context.Context, w *world, s settings) error {
	empty, err := w.emptyHub(ctx, s)
	if err != nil {
		return err
	}
	var perKey []time.Duration
	var memory []float64
	for _, n := range []int{s.objects / 100, s.objects / 10, s.objects} {
		if err := w.clear(ctx, s.members); err != nil {
			return err
		}
		took, err := w.arrive(ctx, s, n)
		if err != nil {
			return err
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
	return rss, nil
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

// arrive has members join that have n CommitStatuses nobody has told anything of, and returns
// how long it takes until the hub has told all of them. Each is looked up before it is
// written: an earlier hub may have written it.
func (w *world) arrive(ctx context.Context, s settings, n int) (took time.Duration, err error) {
	if err := w.crowd(ctx, s.members, 0, n); err != nil {
		return 0, err
	}
	if err := w.startHub(); err != nil {
		return 0, err
	}
	if err := w.rest(ctx, takeOver); err != nil {
		return 0, err
	}
	begin := time.Now()
	if err := w.join(ctx, s.members); err != nil {
		return 0, err
	}
	if err := w.patched(ctx, n); err != nil {
		return 0, err
	}
	return time.Since(begin), nil
}
