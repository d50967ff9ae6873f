package chaos

import (
	"fmt"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/test/scm/wire"
)

var (
	noon = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	here = Place{"github0", "github0/shop", commit(1), "check-1"}
)

func after(seconds float64) time.Time {
	return noon.Add(time.Duration(seconds * float64(time.Second)))
}

// wrote is a write of a check run that took effect.
func wrote(seconds float64, creates bool, phase v1alpha1.Phase, change ...func(*Write)) Write {
	w := Write{At: after(seconds), Answered: after(seconds), Place: here, Content: Content{Phase: phase}, Creates: creates, ExternalID: "x", Took: true}
	for _, f := range change {
		f(&w)
	}
	return w
}

func TestRunsThatAreMadeTwiceAreFound(t *testing.T) {
	const post, patch = true, false
	for name, tc := range map[string]struct {
		writes []Write
		twice  int
	}{
		"made once and changed":       {writes: []Write{wrote(1, post, "queued"), wrote(2, patch, "in_progress"), wrote(3, patch, "success")}},
		"made twice":                  {writes: []Write{wrote(1, post, "queued"), wrote(2, post, "queued")}, twice: 1},
		"made again for its end":      {writes: []Write{wrote(1, post, "queued"), wrote(2, post, "success")}, twice: 1},
		"made three times":            {writes: []Write{wrote(1, post, "queued"), wrote(2, post, "queued"), wrote(3, post, "queued")}, twice: 2},
		"begun again":                 {writes: []Write{wrote(1, post, "queued"), wrote(2, patch, "failure"), wrote(3, post, "queued")}},
		"begun again, twice":          {writes: []Write{wrote(1, post, "failure"), wrote(2, post, "queued"), wrote(3, post, "queued")}, twice: 1},
		"made again as it had ended":  {writes: []Write{wrote(1, post, "success"), wrote(2, post, "success")}, twice: 1},
		"recorded in another order":   {writes: []Write{wrote(3, post, "queued"), wrote(1, post, "queued"), wrote(2, patch, "success")}},
		"refused the second time":     {writes: []Write{wrote(1, post, "queued"), wrote(2, post, "queued", func(w *Write) { w.Took = false })}},
		"made for another commit":     {writes: []Write{wrote(1, post, "queued"), wrote(2, post, "queued", func(w *Write) { w.SHA = commit(2) })}},
		"made with another name":      {writes: []Write{wrote(1, post, "queued"), wrote(2, post, "queued", func(w *Write) { w.Name = "other" })}},
		"made in another repository":  {writes: []Write{wrote(1, post, "queued"), wrote(2, post, "queued", func(w *Write) { w.Repository = "other" })}},
		"made with another mark":      {writes: []Write{wrote(1, post, "queued"), wrote(2, post, "queued", func(w *Write) { w.ExternalID = "y" })}},
		"no check runs, but statuses": {writes: []Write{wrote(1, post, "queued", unmarked), wrote(2, post, "queued", unmarked)}},
	} {
		t.Run(name, func(t *testing.T) {
			twice, _ := duplicates(tc.writes)
			NewWithT(t).Expect(twice).To(HaveLen(tc.twice))
		})
	}
}

func TestWhatLedToTwoRunsIsTold(t *testing.T) {
	g := NewWithT(t)
	runs := [2]Write{{Place: here, Run: 4}, {Place: here, Run: 31}}
	of := func(path, body string) wire.Call { return wire.Call{Path: "/repos/" + path, RequestBody: []byte(body)} }
	told := ledTo([]wire.Call{
		of(here.Repository+"/commits/"+here.SHA+"/check-runs", "looked up"),
		of(here.Repository+"/check-runs", `{"head_sha":"`+here.SHA+`"}`),
		of(here.Repository+"/check-runs", `{"head_sha":"`+commit(9)+`"}`),
		of(here.Repository+"/check-runs/4", "changed the first"),
		of(here.Repository+"/check-runs/31", "changed the second"),
		of(here.Repository+"/check-runs/14", "changed another"),
		of("github9/else/commits/"+here.SHA+"/check-runs", "elsewhere"),
	}, runs)
	g.Expect(strings.Count(told, "\n")).To(Equal(4), told)
	g.Expect(told).To(And(ContainSubstring("looked up"), ContainSubstring("the first"), ContainSubstring("the second"), ContainSubstring(`head_sha":"`+here.SHA)))
}

func unmarked(w *Write) { w.ExternalID = "" }

func TestWritesToAWrongPlaceAreFound(t *testing.T) {
	asked := newAsked()
	asked.add(here, Content{"in_progress", "step 1", "u"})
	asked.add(here, Content{"failure", "step 2", "u"})
	elsewhere := here
	elsewhere.Repository = "github0/other"
	for name, tc := range map[string]struct {
		at    Place
		what  Content
		wrong bool
	}{
		"as asked":                      {at: here, what: Content{"in_progress", "step 1", "u"}},
		"ended":                         {at: here, what: Content{"canceled", "step 1", "u"}},
		"in another repository":         {at: elsewhere, what: Content{"in_progress", "step 1", "u"}, wrong: true},
		"ended in another repository":   {at: elsewhere, what: Content{"canceled", "step 1", "u"}, wrong: true},
		"the phase of another":          {at: here, what: Content{"failure", "step 1", "u"}, wrong: true},
		"a text that nobody asked for":  {at: here, what: Content{"in_progress", "step 3", "u"}, wrong: true},
		"ended with the text of nobody": {at: here, what: Content{"canceled", "step 3", "u"}, wrong: true},
		"with another URL":              {at: here, what: Content{"failure", "step 2", "v"}, wrong: true},
	} {
		t.Run(name, func(t *testing.T) {
			broken := misplaced([]Write{{Place: tc.at, Content: tc.what}}, asked)
			NewWithT(t).Expect(len(broken) > 0).To(Equal(tc.wrong))
		})
	}
}

func TestRequestsWithoutTheLeaseAreFound(t *testing.T) {
	renewals := []Renewal{{"a", after(0)}, {"a", after(1)}, {"b", after(10)}}
	woken := []Renewal{{"a", after(20)}}
	for name, tc := range map[string]struct {
		at    float64
		by    string
		wrong bool
	}{
		"right after a renewal":              {at: 1.1, by: "a"},
		"before the renew deadline":          {at: 5.9, by: "a"},
		"after the renew deadline":           {at: 6.6, by: "a", wrong: true},
		"while another leads":                {at: 11, by: "a", wrong: true},
		"before it led":                      {at: 9, by: "b", wrong: true},
		"by one that never led":              {at: 1.1, by: "c", wrong: true},
		"decided on before it was stopped":   {at: 20.05, by: "a"},
		"long after it was stopped":          {at: 21, by: "a", wrong: true},
		"by the other when the one went on":  {at: 20.05, by: "b", wrong: true},
		"by one that was gone before a look": {at: 30, by: ""},
	} {
		t.Run(name, func(t *testing.T) {
			broken := unled([]Sent{{At: after(tc.at), Instance: tc.by, What: "POST"}}, renewals, woken)
			NewWithT(t).Expect(len(broken) > 0).To(Equal(tc.wrong), "%v", broken)
		})
	}
}

func TestRequestsBeyondALimitAreFoundWithWhatCameBefore(t *testing.T) {
	g := NewWithT(t)
	call := func(seconds float64, installation int64, violation string) wire.Call {
		return wire.Call{At: after(seconds), Method: "POST", Path: fmt.Sprintf("/%v", seconds), Installation: installation, Violation: violation}
	}
	calls := []wire.Call{call(1, 7, ""), call(5, 7, ""), call(5.5, 8, ""), call(6, 7, "writes per minute"), call(7, 7, "")}
	g.Expect(excessive("github", calls)).To(ConsistOf(And(
		HaveField("Promise", Limits),
		HaveField("Detail", And(ContainSubstring("writes per minute"), ContainSubstring("/6"), ContainSubstring("after 12:00:05"))),
		HaveField("Detail", Not(Or(ContainSubstring("/5.5"), ContainSubstring("/1"), ContainSubstring("/7")))),
	)))
	g.Expect(excessive("github", calls[:3])).To(BeEmpty())
}

func TestGrowthIsFound(t *testing.T) {
	before := Usage{Goroutines: 100, Heap: 1000, RSS: 10_000}
	for name, tc := range map[string]struct {
		after Usage
		grown int
	}{
		"the same":          {after: before},
		"a little more":     {after: Usage{109, 1090, 10_900}},
		"less":              {after: Usage{1, 1, 1}},
		"more goroutines":   {after: Usage{111, 1000, 10_000}, grown: 1},
		"more heap and RSS": {after: Usage{100, 1200, 11_200}, grown: 2},
	} {
		t.Run(name, func(t *testing.T) {
			NewWithT(t).Expect(grown(before, tc.after, 0.1)).To(HaveLen(tc.grown))
		})
	}
}
