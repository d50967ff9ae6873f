package chaos

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"time"
)

// Report is what came of a run.
type Report struct {
	Seed   uint64
	Counts []Count
	// Acts is how many changes the members' users made meanwhile, and Calls how many
	// requests arrived at the SCMs, of which Writes wrote.
	Acts, Calls, Writes int
	// Faults is how long the faults took, and Converged how long after the last of them
	// all was as it should be in SCMs without a limit on writes, ConvergedLimited in all;
	// negative if it was not in time.
	Faults, Converged, ConvergedLimited time.Duration
	// Leaders is how many faults met the replica that led. TakeOver and LongestTakeOver
	// are how long it took the other to have the lease.
	Leaders                   int
	TakeOver, LongestTakeOver time.Duration
	// LateDuplicates is how many check runs were made twice where a write took effect
	// longer after its answer was lost than anybody waits.
	LateDuplicates int
	// Forgotten is how many check runs were made twice where no claim told of the first when
	// the hub that made the second began to lead.
	Forgotten int
	// Unattributed is how many requests came from processes that were gone before it
	// could be told which they were.
	Unattributed  int
	Before, After Usage
	// Growth is by which part After may be more than Before.
	Growth float64
	Broken []Broken
}

// broken is how often a promise was broken.
func (r Report) broken(p Promise) (n int) {
	for _, b := range r.Broken {
		if b.Promise == p {
			n++
		}
	}
	return n
}

// total is how many faults there were, and how many of them met something.
func (r Report) total() (injected, met int) {
	for _, c := range r.Counts {
		injected, met = injected+c.Injected, met+c.Met
	}
	return injected, met
}

// Markdown writes two tables: what went wrong, and what held.
func (r Report) Markdown(out io.Writer) {
	injected, met := r.total()
	fmt.Fprintf(out, "Seed %d: %d faults in %s, while members made %d changes and the SCMs got %d requests.\n\n",
		r.Seed, injected, r.Faults.Round(time.Second), r.Acts, r.Calls)
	fmt.Fprintln(out, "| fault | injected | met a request or a process |\n|---|---|---|")
	for _, c := range r.Counts {
		fmt.Fprintf(out, "| %s: %s | %d | %d |\n", c.Group, c.Kind, c.Injected, c.Met)
	}
	fmt.Fprintf(out, "| all | %d | %d |\n\n", injected, met)
	more := fmt.Sprintf("%.0f %% more", 100*r.Growth)
	fmt.Fprintln(out, "| promise | measured | allowed |\n|---|---|---|")
	for _, row := range [][3]string{
		{"from the end of the last fault until every claim is as it should be, of SCMs without a limit on writes", inTime(r.Converged), convergence.String()},
		{"the same with those of one that allows 45 writes a minute, which a take-over counts as spent", inTime(r.ConvergedLimited), convergence.String()},
		{"lost updates", fmt.Sprint(r.broken(NoLoss)), "0"},
		{"check runs made twice", fmt.Sprint(r.broken(NoDuplicate)), "0"},
		{"the same where a write took effect 16 s after its answer was lost", fmt.Sprint(r.LateDuplicates), "1 for each"},
		{"the same on a commit that nobody claimed when the leader changed", fmt.Sprint(r.Forgotten), "counted apart"},
		{fmt.Sprintf("writes of what nobody asked for there, of %d", r.Writes), fmt.Sprint(r.broken(RightPlaces)), "0"},
		{"requests beyond a limit, or in a pause", fmt.Sprint(r.broken(Limits)), "0"},
		{fmt.Sprintf("requests of a replica without the lease, of %d", r.Calls-r.Unattributed), fmt.Sprint(r.broken(OneWriter)), "0"},
		{"crashes of a replica", fmt.Sprint(r.broken(NoCrash)), "0"},
		{"goroutines of the leader, at the start and at the end", fmt.Sprintf("%.0f, %.0f", r.Before.Goroutines, r.After.Goroutines), more},
		{"heap of the leader in use after a collection", mebibytes(r.Before.Heap, r.After.Heap), more},
		{"resident memory of the leader", mebibytes(r.Before.RSS, r.After.RSS), more},
		{
			fmt.Sprintf("median and longest time until another replica led, of %d times", r.Leaders),
			fmt.Sprintf("%.1f s, %.1f s", r.TakeOver.Seconds(), r.LongestTakeOver.Seconds()), "",
		},
	} {
		fmt.Fprintf(out, "| %s | %s | %s |\n", row[0], row[1], row[2])
	}
}

func inTime(took time.Duration) string {
	if took < 0 {
		return "later"
	}
	return took.Round(100 * time.Millisecond).String()
}

func mebibytes(before, after float64) string {
	return fmt.Sprintf("%.1f MiB, %.1f MiB", before/(1<<20), after/(1<<20))
}

// Failures writes what was broken, and how.
func (r Report) Failures(out io.Writer) {
	for _, b := range slices.SortedStableFunc(slices.Values(r.Broken), func(a, b Broken) int { return cmp.Compare(a.Promise, b.Promise) }) {
		fmt.Fprintf(out, "broken: %s: %s\n", b.Promise, b.Detail)
	}
}
