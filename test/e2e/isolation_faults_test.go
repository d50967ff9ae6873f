package e2e

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	gomegatypes "github.com/onsi/gomega/types"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/kubeconfigs"
	"github.com/argoproj-labs/commit-status-hub/test/faults"
)

const (
	mebi = 1 << 20
	// heapPeak is by how much the heap may grow while a member misbehaves, whatever it
	// sends: two lists of the largest size, each in a buffer that is about to be
	// replaced by a larger one, are 144 MiB. heapRest
	// is what may stay. The fake GitHub's record of calls and a made-up member's statuses
	// are in both.
	heapPeak, heapRest = 224 * mebi, 48 * mebi
	// longest is more than the hub takes of one answer, or one event, with what is under
	// way when it ends that.
	longest = 64 * mebi
)

// misbehavior is one way of a member to misbehave.
type misbehavior struct {
	fault faults.Fault
	// born says that it never behaved before.
	born bool
	// shape makes it a made-up member, and changes are how many a second it makes.
	shape   func(*trial) faults.Shape
	changes int
	// health is how the hub is to say that the member is.
	health gomegatypes.GomegaMatcher
	// sends is how many bytes it is to send before the hub's memory is looked at.
	sends int64
}

func tells(state kubeconfigs.State, reason, message string) gomegatypes.GomegaMatcher {
	return And(HaveField("State", state), HaveField("Reason", reason), HaveField("Message", MatchRegexp(message)))
}

// flood is a made-up member whose CommitStatuses all want to be on acme/flood.
func flood(objects, description int, annotations map[string]string) func(*trial) faults.Shape {
	text := strings.Repeat("d", description)
	return func(t *trial) faults.Shape {
		return faults.Shape{
			Namespace: t.tenant, Provider: "acme", Repository: "acme/flood", Objects: objects, Annotations: annotations,
			Spec: func(number, changes int) v1alpha1.CommitStatusSpec {
				return v1alpha1.CommitStatusSpec{
					SHA: floodSHA(number), Name: fmt.Sprintf("flood-%d", number), Phase: v1alpha1.PhaseInProgress,
					Description: fmt.Sprintf("change %d %s", changes, text),
				}
			},
		}
	}
}

func huge() map[string]string { return map[string]string{"huge": strings.Repeat("a", mebi)} }

// bad makes the member that misbehaves so, and begins what it does.
func (m misbehavior) bad(t *trial) *bad {
	GinkgoHelper()
	if m.shape == nil {
		b := t.addsReal("bad")
		if m.born {
			b.front.Misbehave(m.fault)
			b.engage()
			return b
		}
		b.engage()
		b.served()
		b.front.Misbehave(m.fault)
		b.change() // which meets the fault
		return b
	}
	made := faults.NewMember(m.shape(t))
	b := t.adds("bad", made)
	b.front.Misbehave(m.fault)
	b.engage()
	if m.changes == 0 {
		return b
	}
	ctx, cancel := context.WithCancel(t.ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		made.Run(ctx, m.changes)
	}()
	stop := func() {
		cancel()
		<-ended
	}
	DeferCleanup(stop)
	b.front.OnBehave(stop)
	return b
}

// expect waits until the member has shown what it can do, and checks what holds meanwhile.
func (m misbehavior) expect(b *bad) {
	GinkgoHelper()
	Eventually(func() int64 {
		Expect(b.grown()).To(BeNumerically("<", heapPeak), "the hub's memory")
		return b.front.Sent()
	}).WithTimeout(2*time.Minute).Should(BeNumerically(">=", m.sends), "bytes that the member has sent")
	Eventually(func() kubeconfigs.HealthAnnotation {
		Expect(b.grown()).To(BeNumerically("<", heapPeak), "the hub's memory")
		return b.health()
	}).WithTimeout(time.Minute).Should(m.health)
}

// ways are all the ways to misbehave, with how many objects and changes a second a flood
// has, and how long their descriptions are.
func ways(objects, changes, description int) map[string]misbehavior {
	stranger, err := faults.Stranger()
	if err != nil {
		panic(err)
	}
	well := tells(kubeconfigs.Connected, kubeconfigs.ReasonConnected, "watching")
	unreachable := func(message string) gomegatypes.GomegaMatcher {
		return tells(kubeconfigs.Unreachable, kubeconfigs.ReasonUnreachable, message)
	}
	// A silence is noticed later than is waited for here: see what is noticed in time.
	unnoticed := well
	// More than one answer may have. With the race detector a MiB of JSON takes a second.
	giants := 256
	if raced {
		giants = 48
	}
	leftOut := tells(kubeconfigs.Connected, kubeconfigs.ReasonObjectsLeftOut, "left out")
	unreadable := tells(kubeconfigs.Connected, kubeconfigs.ReasonObjectsUnreadable, "cannot be read")
	return map[string]misbehavior{
		"is slow":                        {fault: faults.Fault{Delay: 2 * time.Second}, health: well},
		"hangs in the middle":            {fault: faults.Fault{Stall: func(*http.Request) bool { return true }}, health: unnoticed},
		"loses connections all the time": {fault: faults.Fault{CutEvery: 200 * time.Millisecond}, health: Not(BeZero())},
		"accepts and resets":             {fault: faults.Fault{Reset: true}, health: unreachable("reset|EOF")},
		"has another certificate":        {fault: faults.Fault{Certificate: stranger}, health: tells(kubeconfigs.Unreachable, kubeconfigs.ReasonCertificateInvalid, "certificate")},
		"floods":                         {shape: flood(objects, description, nil), changes: changes, health: leftOut, sends: 16 * mebi},
		"has huge annotations":           {shape: flood(giants, 0, huge()), changes: giants / 16, health: well, sends: int64(giants) * mebi},
		"has huge descriptions":          {shape: flood(giants, mebi, nil), changes: giants / 16, health: Or(well, leftOut), sends: int64(giants) * mebi},
		"answers noise":                  {fault: faults.Noise(), born: true, health: unreachable("")},
		"answers half of a list":         {fault: faults.HalfJSON(), born: true, health: unreachable("unexpected end|EOF")},
		"answers HTML":                   {fault: faults.HTML(), born: true, health: unreachable("text/html")},
		"answers of a wrong type":        {fault: faults.WrongType(), born: true, health: unreachable("image/png")},
		"answers without end":            {fault: faults.Endless(), born: true, health: unreachable("larger than the hub takes"), sends: 4 * mebi},
		"has an event of 1 GiB":          {fault: faults.GiantEvent(1 << 30), born: true, health: Or(well, unreachable("")), sends: 8 * mebi},
		"lists empty objects":            {fault: faults.EmptyItems(400), born: true, health: unreadable},
		"lists millions of them":         {fault: faults.EmptyItems(4 << 20), born: true, health: Not(BeZero())},
		"lists long names":               {fault: faults.LongNames(10, mebi), born: true, health: unreadable},
		"has events with many managers":  {fault: faults.FatEvents("metadata.managedFields", 7*mebi), born: true, health: well},
		"has events with many values":    {fault: faults.FatEvents("status.conditions", 7*mebi), born: true, health: unreadable},
		"warns":                          {fault: faults.Warnings(500), health: well},
		"warns without end":              {fault: faults.Warnings(5000), born: true, health: unreachable("header|PROTOCOL_ERROR")},
	}
}

var _ = Describe("A member that misbehaves costs the others nothing, when it", func() {
	all := ways(3000, 200, 4096)
	run := func(way string) {
		m := all[way]
		t := newTrial(5, 500)
		b := m.bad(t)
		if m.shape == nil && !m.fault.Reset { // which only the hub's word shows
			Eventually(b.front.Met).Should(BeNumerically(">", 0), "requests and connections that met the fault")
		}
		t.work()
		m.expect(b)
		t.work()
		if m.shape == nil {
			Expect(b.front.Longest()).To(BeNumerically("<", longest), "what was taken of one answer")
		}
		b.recovers()
		t.work()
		Eventually(t.grown).Should(BeNumerically("<", heapRest), "what stays of the hub's memory")
		AddReportEntry("heap, in MiB: most while it misbehaved, after that; sent", fmt.Sprintf("%d, %d; %d",
			(t.peak-min(t.peak, t.heap))/mebi, t.grown()/mebi, b.front.Sent()/mebi))
	}
	var entries []any
	for _, way := range slices.Sorted(maps.Keys(all)) {
		entries = append(entries, Entry(way, way))
	}
	DescribeTable("", append([]any{run}, entries...)...)
})
