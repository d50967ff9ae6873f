package kubeconfigs

import (
	"context"
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
)

// fleetHeap is how much of the manifests' 1 GiB hostile members may take together in the
// caches. The rest is for the ledger, other members, and garbage.
const fleetHeap = 640 << 20

// liveHeap returns what is in use after a collection.
func liveHeap() int64 {
	var stats runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc)
}

// changing lists so many objects of nearly unitSize each, every one with a new version in each
// list. asked is called before each page.
func changing(objects int, asked func()) *lister {
	lists := 0
	return &lister{limit: objects, clock: clock.RealClock{}, fetch: func(_ context.Context, o metav1.ListOptions, take func(found) error) (page, error) {
		asked()
		start, _ := strconv.Atoi(o.Continue)
		if start == 0 {
			lists++
		}
		out := page{listHead: listHead{version: fmt.Sprint(lists)}}
		for n := start; n < min(objects, start+int(o.Limit)); n++ {
			object := born(n)
			object.UID, object.ResourceVersion = types.UID(fmt.Sprint("uid-", n)), fmt.Sprint(lists)
			object.Spec.Description = strings.Repeat(string(rune('a'+lists)), unitSize-1)
			out.objects++
			if err := take(found{object: object, name: client.ObjectKeyFromObject(object), size: unitSize - 1}); err != nil {
				return page{}, err
			}
		}
		if end := start + int(o.Limit); end < objects {
			out.next = strconv.Itoa(end)
		}
		return out, nil
	}}
}

func TestHostileMembersTogetherFitIntoTheMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes a GiB")
	}
	g := NewWithT(t)
	const members, lists, sampleEvery = 4, 3, 50
	before := liveHeap()
	var peak int64
	var pages int
	var mu sync.Mutex
	sample := func() {
		mu.Lock()
		defer mu.Unlock()
		if pages++; pages%sampleEvery == 0 {
			peak = max(peak, liveHeap()-before)
		}
	}
	p := New(Options{})
	var feeds []*reflector
	for n := range members {
		i := newInformer(&v1alpha1.CommitStatus{})
		bounds := newObjectLimiters(p, fmt.Sprint(n), func() {}, func(error) {}).add(i, "")
		f := &reflector{lister: changing(DefaultObjectLimit, sample), into: i, limiter: bounds.objectLimiter, omitted: bounds.omitted, progress: newProgress(clock.RealClock{}, lagLimit, func() {})}
		i.addReflector(f)
		feeds = append(feeds, f)
	}
	for range lists {
		var group sync.WaitGroup
		for _, f := range feeds {
			group.Go(func() {
				if _, err := f.relist(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		peak = max(peak, liveHeap()-before)
	}
	t.Logf("%d MiB with %d units, %.1f KiB for each", peak>>20, p.budget.units, float64(peak)/1024/float64(p.budget.units))
	g.Expect(p.budget.units).To(BeNumerically(">", p.budget.limit*9/10))
	g.Expect(peak).To(BeNumerically("<", fleetHeap))
	runtime.KeepAlive(feeds)
}
