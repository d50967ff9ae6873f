package github

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
	"github.com/argoproj-labs/commit-status-hub/test/providercontract"
	fake "github.com/argoproj-labs/commit-status-hub/test/scm/github"
)

var commit = providers.Commit{Repository: repository, SHA: sha}

// list lists the commit.
func (b *bench) list(c providers.Client, tag string) providers.Listing {
	b.T.Helper()
	listing, err := c.List(b.Ctx(), commit, tag)
	b.Expect(err).NotTo(HaveOccurred())
	return listing
}

// stranger makes a run of the App that the hub has not asked for.
func (b *bench) stranger(name, externalID string) int64 {
	return b.github.AddCheckRun(fake.CheckRun{
		Repository: repository, HeadSHA: sha, Name: name, ExternalID: externalID, AppID: app, Conclusion: "failure",
	})
}

// lists are the calls that list.
func (b *bench) lists() []fake.Call {
	var found []fake.Call
	for _, call := range b.github.Calls() {
		if call.Operation == opList {
			found = append(found, call)
		}
	}
	return found
}

func TestAListShowsEveryNameOfACommitInOneRequest(t *testing.T) {
	b := newBench(t)
	c := b.Client(repository)
	b.Expect(b.list(c, "").Statuses).To(BeEmpty())
	want := map[string]providers.Listed{}
	for i, name := range []string{"hydration", "Hydration", "build / ä & b"} {
		shown := b.Step(c, at(name), nil, providers.Status{Phase: phases[i], Description: "d", URL: "https://ci.example.com/1"})
		want[name] = providers.Listed{Shown: shown, ExternalID: "csh:" + name}
	}
	quiet := b.Step(c, at("quiet"), nil, queued)
	want["quiet"] = providers.Listed{Shown: quiet, ExternalID: "csh:quiet"}
	before := providercontract.Count(b.github, opList)

	listing := b.list(c, "")
	b.Expect(listing.Statuses).To(Equal(want))
	b.Expect(listing.Unchanged).To(BeFalse())
	b.Expect(listing.Tag).NotTo(BeEmpty())
	b.Expect(providercontract.Count(b.github, opList)).To(Equal(before + 1))
	call := b.lists()[before]
	b.Expect(call.RequestHeader).NotTo(HaveKey("If-None-Match"))
	b.Expect(call.URL().Query()).To(Equal(url.Values{
		"app_id": {"12345"}, "filter": {"latest"}, "per_page": {"100"}, "page": {"1"},
	}))
}

func TestAListShowsTheNewestRunOfAName(t *testing.T) {
	b := newBench(t)
	c := b.Client(repository)
	mine := b.Step(c, at("x"), nil, providers.Status{Phase: v1alpha1.PhaseSuccess})
	newest := b.Step(c, at("x"), &mine, queued)
	b.Expect(b.list(c, "").Statuses).To(HaveKeyWithValue("x", providers.Listed{Shown: newest, ExternalID: "csh:x"}))

	foreign := b.stranger("x", "theirs")
	listed := b.list(c, "").Statuses["x"]
	b.Expect(runID(listed.Shown)).To(Equal(foreign))
	b.Expect(listed.ExternalID).To(Equal("theirs"), "that it is not the hub's is for the hub to see")
	b.Expect(listed.Foreign).To(BeFalse())
	b.Expect(listed.Phase).To(Equal(v1alpha1.PhaseFailure))

	b.github.DeleteCheckRun(foreign)
	b.github.DeleteCheckRun(runID(newest))
	b.Expect(b.list(c, "").Statuses["x"].Shown).To(Equal(mine))
	b.github.DeleteCheckRun(runID(mine))
	b.Expect(b.list(c, "").Statuses).To(BeEmpty(), "what vanished is not listed")
}

func TestAListHoldsNothingButThisAppsRunsOnTheCommit(t *testing.T) {
	b := newBench(t)
	c := b.Client(repository)
	b.github.AddCheckRun(fake.CheckRun{Repository: repository, HeadSHA: sha, Name: "x", AppID: 99})
	b.Expect(b.list(c, "").Statuses).To(BeEmpty())

	run := func(id, app int, sha, conclusion string) string {
		return fmt.Sprintf(`{"id":%d,"name":"x","head_sha":%q,"status":"completed","conclusion":%q,"app":{"id":%d}}`, id, sha, conclusion, app)
	}
	b.github.Inject(fake.Fault{
		Match: withMethod("GET", "/check-runs"), Status: 200,
		Body: `{"check_runs":[` + strings.Join([]string{
			run(3, 12345, strings.ToUpper(sha), "neutral"),
			run(7, 12345, sha, "success"),
			run(5, 12345, sha, "failure"),
			run(8, 99, sha, "failure"),
			run(9, 12345, strings.Repeat("0", 40), "failure"),
			`{"id":10,"name":"x"}`,
			`null`,
		}, ",") + `]}`,
	})
	statuses := b.list(c, "").Statuses
	b.Expect(statuses).To(HaveLen(1))
	b.Expect(statuses["x"].Status).To(Equal(providers.Status{Phase: v1alpha1.PhaseSuccess}))
	b.Expect(runID(statuses["x"].Shown)).To(BeEquivalentTo(7))

	b.github.Inject(fake.Fault{
		Match: withMethod("GET", "/check-runs"), Status: 200,
		Body: `{"check_runs":[` + run(3, 12345, strings.ToUpper(sha), "neutral") + `]}`,
	})
	b.Expect(b.list(c, "").Statuses).To(HaveKey("x"), "a hash is the same in any case")
}

func TestAnUnchangedCommitIsListedForFree(t *testing.T) {
	b := newBench(t)
	hundred := int64(100)
	b.Provider.Spec.RateLimit.RequestsPerHour = &hundred
	b.Account = b.open(b.Provider, b.pem)
	c := b.Client(repository)
	b.Step(c, at("x"), nil, queued)
	listing := b.list(c, "")
	spent := b.spent()
	b.Expect(spent).To(BeEquivalentTo(2), "the write and the list")

	for range 3 {
		b.Expect(b.list(c, listing.Tag)).To(Equal(providers.Listing{Tag: listing.Tag, Unchanged: true}))
	}
	b.Expect(b.spent()).To(Equal(spent))
	b.Expect(b.Bucket().InFlight()).To(BeZero())
	b.Expect(b.counted("304")).To(BeEquivalentTo(3))
	b.Expect(b.counted("200")).To(BeEquivalentTo(1))
	lists := b.lists()
	b.Expect(lists[3].RequestHeader.Get("If-None-Match")).To(Equal(listing.Tag))
	b.Expect(lists[3].ResponseHeader.Get("X-RateLimit-Used")).To(Equal(lists[0].ResponseHeader.Get("X-RateLimit-Used")))
}

func TestAChangedCommitIsListedInFullWithAnotherTag(t *testing.T) {
	b := newBench(t)
	c := b.Client(repository)
	mine := b.Step(c, at("x"), nil, queued)
	tags := map[string]bool{}
	listing := b.list(c, "")
	for name, change := range map[string]func(){
		"an edit":         func() { b.github.EditCheckRun(runID(mine), func(r *fake.CheckRun) { r.Summary = "theirs" }) },
		"another name":    func() { b.stranger("y", "") },
		"a write of ours": func() { b.Step(c, at("z"), nil, queued) },
	} {
		tags[listing.Tag] = true
		change()
		listing = b.list(c, listing.Tag)
		b.Expect(listing.Unchanged).To(BeFalse(), name)
		b.Expect(tags).NotTo(HaveKey(listing.Tag), name)
		b.Expect(listing.Statuses).To(HaveKey("x"), name)
	}
	b.Expect(listing.Statuses).To(HaveLen(3))
	b.Expect(listing.Statuses["x"].Description).To(Equal("theirs"))

	b.Account = b.open(b.Provider, b.pem)
	again := b.list(b.Client(repository), listing.Tag)
	b.Expect(again.Unchanged).To(BeFalse(), "GitHub's tags are good for one token")
	b.Expect(again.Statuses).To(Equal(listing.Statuses))
}

func TestMoreNamesThanFitOnAPageAreAllListedWithoutATag(t *testing.T) {
	b := newBench(t)
	c := b.Client(repository)
	b.stranger("first", "")
	tag := b.list(c, "").Tag
	want := []string{"first"}
	for i := range 249 {
		want = append(want, fmt.Sprint("name ", i))
		b.stranger(want[i+1], "")
	}
	before := providercontract.Count(b.github, opList)
	listing := b.list(c, tag)
	names := make([]string, 0, len(listing.Statuses))
	for name := range listing.Statuses {
		names = append(names, name)
	}
	b.Expect(names).To(ConsistOf(want))
	b.Expect(listing.Tag).To(BeEmpty(), "the tag of a page says nothing of the others")
	lists := b.lists()[before:]
	b.Expect(lists).To(HaveLen(3))
	b.Expect(lists[0].RequestHeader.Get("If-None-Match")).To(Equal(tag))
	b.Expect(lists[1].RequestHeader).NotTo(HaveKey("If-None-Match"))
}

func TestAListHasAnEnd(t *testing.T) {
	b := newBench(t)
	c := b.Client(repository)
	for page := range maxPages + 1 {
		b.github.Inject(fake.Fault{
			Match: withMethod("GET", "/check-runs"), Status: 200, Body: `{"check_runs":[]}`,
			Header: http.Header{"Link": {fmt.Sprintf(`<%s/x?page=%d>; rel="next"`, b.github.URL(), page+2)}},
		})
	}
	_, err := c.List(b.Ctx(), commit, "")
	_ = b.Fails(err, v1alpha1.ReasonUnavailable)
	b.Expect(providercontract.Count(b.github, opList)).To(Equal(maxPages))
}

func TestAListThatFailsSaysWhatToDoAboutIt(t *testing.T) {
	lists := withMethod("GET", "/check-runs")
	for name, tc := range map[string]struct {
		fault   fake.Fault
		reason  string
		message string
	}{
		"no permission": {
			fake.Fault{Status: 403, Body: integr},
			v1alpha1.ReasonCredentialsInvalid,
			"installation 678 of GitHub App 12345 lacks the permission checks:read in acme/shop",
		},
		"limited":           {fake.Fault{Status: 429, Body: secondary}, v1alpha1.ReasonPending, "limits the requests"},
		"dropped before":    {fake.Fault{DropBefore: true, Times: -1}, v1alpha1.ReasonUnavailable, "the connection broke"},
		"dropped after":     {fake.Fault{DropAfter: true, Times: -1}, v1alpha1.ReasonUnavailable, "the connection broke"},
		"HTML 502":          {fake.Fault{Status: 502, Body: badGate}, v1alpha1.ReasonUnavailable, "502 Bad Gateway"},
		"garbage":           {fake.Fault{Status: 200, Body: "<html>"}, v1alpha1.ReasonUnavailable, "not understood"},
		"no list":           {fake.Fault{Status: 200, Body: "{}"}, v1alpha1.ReasonUnavailable, "not understood"},
		"nothing":           {fake.Fault{Status: 200}, v1alpha1.ReasonUnavailable, "not understood"},
		"304, never tagged": {fake.Fault{Status: 304}, v1alpha1.ReasonUnavailable, "not understood"},
		"300":               {fake.Fault{Status: 300, Body: badGate}, v1alpha1.ReasonUnavailable, "not understood"},
		"307 to nowhere":    {fake.Fault{Status: 307, Body: badGate}, v1alpha1.ReasonUnavailable, "not understood"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			tc.fault.Match = lists
			b.github.Inject(tc.fault)
			listing, err := b.Client(repository).List(b.Ctx(), commit, "")
			e := b.Fails(err, tc.reason)
			b.Expect(e.Unknown).To(BeFalse(), "nothing was to be changed")
			b.Expect(e.Message).To(ContainSubstring(tc.message))
			b.Expect(listing).To(BeZero())
			b.Expect(b.Bucket().InFlight()).To(BeZero())
		})
	}
}

func TestAListTellsACommitThatIsMissingFromARepository(t *testing.T) {
	b := newBench(t)
	c := b.Client(repository)
	tag := b.list(c, "").Tag
	_, err := c.List(b.Ctx(), providers.Commit{Repository: repository, SHA: strings.Repeat("0", 40)}, "")
	b.Expect(b.Fails(err, v1alpha1.ReasonCommitNotFound).Unknown).To(BeFalse())
	b.github.RemoveRepo(repository)
	_, err = c.List(b.Ctx(), commit, tag)
	b.Expect(b.Fails(err, v1alpha1.ReasonRepoNotFound).Message).To(ContainSubstring("acme/shop"))
}
