package ratelimit

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
	clocktesting "k8s.io/utils/clock/testing"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const acme = "github.com/app/1/installation/1"

var start = time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)

func newClock() *clocktesting.FakeClock { return clocktesting.NewFakeClock(start) }

// bench is a queue on a fake clock whose keys carry their own route.
type bench struct {
	*Queue[key]
	clock         *clocktesting.FakeClock
	installations *Installations
}

type key struct {
	lane, cluster, namespace, exclusion, name string
	priority                                  int
}

func newBench(t *testing.T, change ...func(*QueueOptions[key])) *bench {
	t.Helper()
	clk := newClock()
	o := QueueOptions[key]{
		Clock:         clk,
		Installations: NewInstallations(clk),
		Route: func(k key) Route {
			return Route{Lane: k.lane, Cluster: k.cluster, Namespace: k.namespace, Priority: k.priority, Exclusion: k.exclusion}
		},
	}
	for _, c := range change {
		c(&o)
	}
	b := &bench{Queue: NewQueue(o), clock: o.Clock.(*clocktesting.FakeClock), installations: o.Installations}
	t.Cleanup(b.ShutDown)
	return b
}

// limit sets what one ScmProvider allows in a lane.
func (b *bench) limit(lane string, l Limits) { b.installations.SetLimits(lane, "only", l) }

// tryGet gets an item if one can leave now, without waiting.
func (b *bench) tryGet() (key, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.clock.Now()
	e, slot, ok := b.next(now)
	if !ok {
		return key{}, false
	}
	b.start(e, slot, now)
	return e.item, true
}

// handle gets an item, is done with it, and says its name.
func (b *bench) handle() string {
	k, ok := b.tryGet()
	if !ok {
		return ""
	}
	b.Done(k)
	return k.name
}

// handleAll is handle until nothing can leave.
func (b *bench) handleAll() string {
	var names []string
	for name := b.handle(); name != ""; name = b.handle() {
		names = append(names, name)
	}
	return strings.Join(names, " ")
}

// pause stops a lane until a time.
func (b *bench) pause(lane string, until time.Time) {
	b.installations.Get(lane).Bucket().Observe(b.clock.Now(), Feedback{PauseUntil: until})
}

// afterPause is so long after a pause of a minute that keys leave as if it had never been.
const afterPause = 3 * time.Minute

// drain gets all that can leave now and says their names.
func (b *bench) drain() (names []string) {
	for {
		k, ok := b.tryGet()
		if !ok {
			return names
		}
		names = append(names, k.name)
	}
}

// getting returns what a worker that waits in Get is given.
func (b *bench) getting() <-chan key {
	got := make(chan key, 1)
	go func() {
		if k, shutdown := b.Get(); !shutdown {
			got <- k
		}
		close(got)
	}()
	return got
}

func named(lane, name string) key { return key{lane: lane, name: name} }

func many(lane string, n int) (keys []key) {
	for i := range n {
		keys = append(keys, named(lane, fmt.Sprint(i)))
	}
	return keys
}

func timeout(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}
