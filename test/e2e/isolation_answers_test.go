package e2e

import (
	"fmt"
	"maps"
	"net/http"
	"slices"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	gomegatypes "github.com/onsi/gomega/types"

	"github.com/argoproj-labs/commit-status-hub/kubeconfigs"
	"github.com/argoproj-labs/commit-status-hub/test/faults"
)

// manyObjects are more than one page of a list has.
const manyObjects = 520

// hostileAnswer is one way of a made-up member to answer lists and watches.
type hostileAnswer struct {
	// fault takes the handler that answers well.
	fault func(http.Handler) faults.Fault
	// late says that the member is served before it begins to answer so.
	late bool
	// cut says that its connections are reset then.
	cut bool
	// health is what the hub reports of the member.
	health gomegatypes.GomegaMatcher
}

// always is a fault that does not need the handler that answers well.
func always(fault faults.Fault) func(http.Handler) faults.Fault {
	return func(http.Handler) faults.Fault { return fault }
}

func hostileAnswers() map[string]hostileAnswer {
	well := tells(kubeconfigs.Connected, kubeconfigs.ReasonConnected, "watching")
	leftOut := tells(kubeconfigs.Connected, kubeconfigs.ReasonObjectsLeftOut, "left out")
	unreadable := tells(kubeconfigs.Connected, kubeconfigs.ReasonObjectsUnreadable, "cannot be read")
	unreachable := HaveField("State", kubeconfigs.Unreachable)
	endless := func(message string) gomegatypes.GomegaMatcher {
		return tells(kubeconfigs.Unreachable, kubeconfigs.ReasonListFailed, message)
	}
	return map[string]hostileAnswer{
		// A watch counts as being behind after two minutes only: the package kubeconfigs tests that.
		"loses what is behind its watches":   {fault: always(faults.LostUpstream()), late: true, health: well},
		"opens watches and sends no events":  {fault: always(faults.MuteWatches()), health: well},
		"expires every token of a list":      {fault: always(faults.ExpiredContinue()), health: well},
		"has more pages without end":         {fault: faults.EndlessPages, health: leftOut},
		"continues with the same token":      {fault: faults.RepeatedContinue, health: endless("came twice")},
		"has empty pages without end":        {fault: faults.EmptyPages, health: endless("without objects")},
		"answers half of a later list":       {fault: always(faults.HalfJSON()), late: true, cut: true, health: unreachable},
		"lists names of 4 MiB":               {fault: always(faults.LongNames(3, 4*mebi)), health: unreachable},
		"lists objects that cannot be read":  {fault: always(faults.UnreadableObjects(400)), health: unreadable},
		"has events with many owners":        {fault: always(faults.FatEvents("metadata.ownerReferences", 7*mebi)), health: well},
		"has headers that are too long":      {fault: always(faults.LongHeaders(mebi)), health: unreachable},
		"has headers that are just too long": {fault: always(faults.LongHeaders(mebi / 8)), late: true, cut: true, health: unreachable},
	}
}

// One hub serves all of them, one after the other.
var _ = Describe("A member whose answers are hostile costs the others nothing, when it", Label("isolation"), Ordered, ContinueOnFailure, func() {
	all := hostileAnswers()
	var t *trial
	BeforeAll(func() { t = newTrial(3, 2000) })
	run := func(way string) {
		a := all[way]
		t.heap, t.peak = living(), 0
		made := faults.NewMember(flood(manyObjects, 0, nil)(t))
		b := t.adds(fmt.Sprint("bad-", worlds.Add(1)), made)
		defer b.goes()
		if a.late {
			b.engage()
			b.served()
		}
		b.front.Misbehave(a.fault(made))
		if a.cut {
			b.front.Cut()
		}
		if a.late {
			b.change() // which meets the fault
		} else {
			b.engage()
		}
		Eventually(b.front.Met).Should(BeNumerically(">", 0), "requests that met the fault")
		t.work()
		misbehavior{health: a.health}.expect(b)
		Expect(b.front.Longest()).To(BeNumerically("<", longest), "what was taken of one answer")
		b.recovers()
		t.work()
		for n := range floodSHAs {
			for _, run := range t.scm.CheckRuns("acme/flood", floodSHA(n)) {
				Expect(run.Status).NotTo(Equal("completed"), "nothing of the member is canceled")
			}
		}
	}
	var entries []any
	for _, way := range slices.Sorted(maps.Keys(all)) {
		entries = append(entries, Entry(way, way))
	}
	DescribeTable("", append([]any{run}, entries...)...)
})
