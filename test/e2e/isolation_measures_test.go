package e2e

import (
	"fmt"
	"time"

	. "github.com/onsi/ginkgo/v2"
)

// quantile is the p-th of sorted delays, to a tenth of a millisecond.
func quantile(sorted []time.Duration, p float64) time.Duration {
	return sorted[int(p*float64(len(sorted)-1))].Round(100 * time.Microsecond)
}

var _ = Describe("The delay of others, while a member", Label("measures", "isolation"), func() {
	const each, perSecond = 300, 40
	all := ways(20_000, 500, 100)
	measure := func(way string) {
		if raced {
			Skip("what is measured is measured without the race detector")
		}
		t := newTrial(50, 0)
		without := t.delays(each, perSecond)
		b := all[way].bad(t)
		with := t.delays(each, perSecond)
		row := "| " + way
		for _, member := range []string{"eu", "hq"} {
			row += fmt.Sprintf(" | %s / %s | %s / %s",
				quantile(without[member], 0.5), quantile(without[member], 0.99), quantile(with[member], 0.5), quantile(with[member], 0.99))
		}
		b.front.Behave()
		AddReportEntry("p50 / p99, without and with it, on the same and on another installation", row+" |", ReportEntryVisibilityAlways)
	}
	var entries []any
	for _, way := range []string{
		"is slow", "hangs in the middle", "loses connections all the time", "has another certificate",
		"floods", "has huge annotations", "answers without end",
	} {
		entries = append(entries, Entry(way, way))
	}
	DescribeTable("", append([]any{measure}, entries...)...)
})
