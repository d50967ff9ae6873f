package chaos

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/argoproj-labs/commit-status-hub/test/scm/wire"
)

// check looks at all that was recorded.
func (r *run) check() error {
	var writes []Write
	var all []wire.Call
	var sent []Sent
	for _, f := range r.world.forges {
		calls := f.Calls()
		these, err := f.read(calls)
		if err != nil {
			return err
		}
		writes, sent, all = append(writes, these...), append(sent, f.sent()...), append(all, calls...)
		r.report.Broken = append(r.report.Broken, excessive(f.name, calls)...)
	}
	for _, s := range sent {
		if s.Instance == "" {
			r.report.Unattributed++
		}
	}
	twice, _ := duplicates(writes)
	isLate := func(w Write) bool { return strings.HasPrefix(w.Name, lateName) }
	ordinary, runs := duplicates(slices.DeleteFunc(slices.Clone(writes), isLate))
	r.report.LateDuplicates = len(twice) - len(ordinary)
	for i, each := range ordinary {
		each.Detail += ledTo(all, runs[i])
		if r.world.census.forgotten(runs[i], r.world.leases.all()) {
			r.report.Forgotten++
			r.say("made twice on a commit that nobody claimed when the leader changed: %s", each.Detail)
			continue
		}
		r.report.Broken = append(r.report.Broken, each)
	}
	r.report.Broken = slices.Concat(r.report.Broken, misplaced(writes, r.world.asked),
		unled(sent, r.world.leases.all(), r.tally.woken), r.crashes(), grown(r.report.Before, r.report.After, r.Growth))
	r.report.Counts, r.report.Acts = r.tally.all(), int(r.acts.Load())
	r.report.Calls, r.report.Writes, r.report.Leaders = len(sent), len(writes), r.tally.leaders
	r.report.TakeOver, r.report.LongestTakeOver = r.tally.takeOver()
	return nil
}

// crashes are the panics in the replicas' logs.
func (r *run) crashes() (broken []Broken) {
	logs, _ := filepath.Glob(filepath.Join(r.Dir, "*.log"))
	for _, log := range logs {
		text, err := os.ReadFile(log)
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(text)) {
			if strings.HasPrefix(line, "panic:") || strings.HasPrefix(line, "fatal error:") {
				broken = append(broken, Broken{NoCrash, filepath.Base(log) + ": " + strings.TrimSpace(line)})
			}
		}
	}
	return broken
}
