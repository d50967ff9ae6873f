package providercontract

import (
	"maps"
	"slices"
	"testing"
)

// Case is one promise.
type Case struct {
	// Name is the promise, in words.
	Name string
	// needs tells what an SCM lacks for the case, "" for nothing. It may be nil.
	needs func(*SCM) string
	run   func(*Bench)
}

// Run has a provider keep all promises, each at an SCM that start made for it.
// start may use t to clean up.
func Run(t *testing.T, start func(t *testing.T) *SCM) {
	t.Helper()
	probe := start(t)
	t.Cleanup(probe.Installations.CloseIdleConnections)
	for _, c := range Cases() {
		if c.needs != nil {
			if lacks := c.needs(probe); lacks != "" {
				t.Logf("not run: %s: this SCM has no %s", c.Name, lacks)
				continue
			}
		}
		t.Run(c.Name, func(t *testing.T) { c.run(contractBench(t, start)) })
	}
}

// contractBench is a bench of a fresh SCM, without limits where its ScmProvider sets none.
func contractBench(t *testing.T, start func(*testing.T) *SCM) *Bench {
	t.Helper()
	scm := start(t)
	if scm.Provider.Spec.RateLimit == nil {
		scm.Provider.Spec.RateLimit = Unlimited()
	}
	return NewBench(t, scm)
}

// Cases are the promises, in the order in which a new provider best meets them.
func Cases() []Case {
	cases := []Case{
		{Name: "an account tells nothing secret and needs no request", run: opens},
		{Name: "an SCM at another path of the same host is another one", run: elsewhere},
		{Name: "a commit without statuses lists none", run: listsNothing},
		{Name: "every phase is shown and found again", run: firstPhases},
		{Name: "every phase is reached from every other or said to be out of reach", run: phasesEachToEach},
		{Name: "descriptions and URLs change or are said to be out of reach", run: fields},
		{Name: "what is shown already costs no call, after a restart either", run: idempotent},
		{Name: "odd names are taken and found", run: oddNames},
		{Name: "the longest fields are taken", run: longestFields},
		{Name: "names do not get into each other's way", run: apart},
		{Name: "more statuses than a page holds are all listed", run: manyPages},
		{Name: "an unchanged commit is told by its tag", run: tags},
		{Name: "an edit by somebody else is listed and can be undone", needs: edits, run: edited},
		{Name: "a state that no phase means is told in the SCM's own word", needs: words, run: ownWords},
		{Name: "a deletion is listed and can be undone", needs: deletes, run: deleted},
		{Name: "what somebody else made is not taken for ours", needs: others, run: othersAreNotOurs},
		{Name: "what somebody else has superseded is not taken for shown", needs: superseded, run: othersSupersede},
		{Name: "a commit that is not there is told", run: unknownCommit},
		{Name: "a repository that has moved is not written to, and its path of today is told", needs: moves, run: movedAway},
		{Name: "a first write that was lost before it arrived is made again", needs: can(LostBefore), run: lostBefore},
		{Name: "a first write whose answer was lost is found and not made again", needs: can(LostAfter), run: func(b *Bench) { b.lostFirst(LostAfter) }},
		{Name: "a first write whose answer was cut is found and not made again", needs: can(CutBody), run: func(b *Bench) { b.lostFirst(CutBody) }},
		{Name: "a change whose answer was lost is found and not made again", needs: can(LostAfter), run: lostChange},
		{Name: "nothing of a refusal is remembered", needs: can(Unauthorized), run: asksAgain},
		{Name: "a limit pauses the whole installation", needs: can(TooManyRequests), run: limited},
	}
	for _, fault := range []Fault{LostBefore, CutBody, Hang, ServerError, Page, Empty, Redirect} {
		cases = append(cases, both("a %s that meets \""+string(fault)+"\" is tried again", fault, func(b *Bench, r Request) { b.unavailable(r, fault) })...)
	}
	for _, fault := range slices.Sorted(maps.Keys(ProxyPages)) {
		cases = append(cases, both("a %s that meets a \""+string(fault)+"\" is tried again", fault, func(b *Bench, r Request) { b.unavailable(r, fault) })...)
	}
	cases = append(cases, both("a %s with a credential that is refused is told", Unauthorized, func(b *Bench, r Request) { b.refused(r, Unauthorized) })...)
	cases = append(cases, both("a %s without the permission is told", Forbidden, func(b *Bench, r Request) { b.refused(r, Forbidden) })...)
	cases = append(cases, both("a %s in a repository that is gone is told", RepositoryGone, func(b *Bench, r Request) { b.refused(r, RepositoryGone) })...)
	return cases
}
