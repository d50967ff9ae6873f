package github_test

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/argoproj-labs/commit-status-hub/test/scm/github"
)

func TestWhatIsWrongWithABodyIsRefused(t *testing.T) {
	w := newWorld(t)
	head := `"head_sha":"` + sha + `"`
	for name, tc := range map[string]struct {
		body, message, field string
		status               int
	}{
		"not JSON":             {body: `{"name":`, status: 400, message: "Problems parsing JSON"},
		"empty":                {body: ``, status: 400, message: "Problems parsing JSON"},
		"not an object":        {body: `[]`, status: 400, message: "Body should be a JSON object"},
		"no name":              {body: `{` + head + `}`, status: 422, message: `"name" wasn't supplied`},
		"no sha":               {body: `{"name":"n"}`, status: 422, message: `"head_sha" wasn't supplied`},
		"a number for a name":  {body: `{"name":1,` + head + `}`, status: 422, message: "1 is not a string"},
		"a null":               {body: `{"name":"n","conclusion":null,` + head + `}`, status: 422, message: "nil is not a string"},
		"unknown sha":          {body: `{"name":"n","head_sha":"` + other + `"}`, status: 422, message: "No commit found for SHA: " + other},
		"unknown status":       {body: `{"name":"n","status":"done",` + head + `}`, status: 422, message: "not a member"},
		"status of Actions":    {body: `{"name":"n","status":"waiting",` + head + `}`, status: 422, message: "not a member"},
		"unknown conclusion":   {body: `{"name":"n","conclusion":"canceled",` + head + `}`, status: 422, message: "not a member"},
		"stale":                {body: `{"name":"n","conclusion":"stale",` + head + `}`, status: 422, message: "not a member"},
		"completed, no result": {body: `{"name":"n","status":"completed",` + head + `}`, status: 422, message: `"conclusion" wasn't supplied`},
		"output without title": {body: `{"name":"n","output":{"summary":"s"},` + head + `}`, status: 422, message: `"title" wasn't supplied`},
		"no summary":           {body: `{"name":"n","output":{"title":"t"},` + head + `}`, status: 422, message: `"summary" wasn't supplied`},
		"empty summary":        {body: `{"name":"n","output":{"title":"t","summary":""},` + head + `}`, status: 422, message: `"summary" wasn't supplied`},
		"null output":          {body: `{"name":"n","output":null,` + head + `}`, status: 422, message: "not an object"},
		"long summary": {
			body: `{"name":"n","output":{"title":"t","summary":"` + strings.Repeat("x", 65536) + `"},` + head + `}`, status: 422,
			message: "Only 65535 characters are allowed; 65536 were supplied.",
		},
		"empty URL":       {body: `{"name":"n","details_url":"",` + head + `}`, status: 422, message: "Validation Failed", field: "details_url"},
		"URL of a file":   {body: `{"name":"n","details_url":"ftp://x/y",` + head + `}`, status: 422, message: "Validation Failed", field: "details_url"},
		"URL, no host":    {body: `{"name":"n","details_url":"https://",` + head + `}`, status: 422, message: "Validation Failed", field: "details_url"},
		"time that isn't": {body: `{"name":"n","started_at":"noon",` + head + `}`, status: 422, message: "not a valid date-time"},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			a := w.call("POST", repo+"/check-runs", tc.body)
			g.Expect(a.Status).To(Equal(tc.status), a.Body)
			g.Expect(a.Text("message")).To(ContainSubstring(tc.message))
			g.Expect(a.Text("documentation_url")).To(ContainSubstring("checks/runs#create-a-check-run"))
			if tc.field != "" {
				g.Expect(a.JSON()["errors"].([]any)[0]).To(HaveKeyWithValue("field", tc.field))
			}
		})
	}
	w.Expect(w.CheckRuns("acme/shop", sha)).To(BeEmpty())
}

func TestAnUpdateIsCheckedLikeACreation(t *testing.T) {
	w := newWorld(t)
	id := w.created("").Number("id")
	for body, status := range map[string]int{
		`{`:                            400,
		`{"name":""}`:                  422,
		`{"status":"done"}`:            422,
		`{"status":"completed"}`:       422,
		`{"output":{"summary":"s"}}`:   422,
		`{"details_url":""}`:           422,
		`{"status":"in_progress"}`:     200,
		`{"details_url":"http://x/y"}`: 200,
	} {
		w.Expect(w.update(id, body).Status).To(Equal(status), body)
	}
	w.Expect(w.update(id+1, `{}`).Status).To(Equal(404))
	w.AddRepo("acme/other", sha)
	w.Expect(w.call("PATCH", "/repos/acme/other/check-runs/"+strconv.FormatInt(id, 10), `{}`).Status).To(Equal(404))
}

func TestARunShowsWhatWasSent(t *testing.T) {
	w := newWorld(t)
	now := w.clock.Now().UTC()
	a := w.created(`,"status":"in_progress","external_id":"x1","details_url":"https://ci/1","output":{"title":"t","summary":"s"}`)
	w.Expect(a.Text("status")).To(Equal("in_progress"))
	w.Expect(a.JSON()["conclusion"]).To(BeNil())
	w.Expect(a.Text("external_id")).To(Equal("x1"))
	w.Expect(a.Text("details_url")).To(Equal("https://ci/1"))
	w.Expect(a.Text("output", "title")).To(Equal("t"))
	w.Expect(a.Text("started_at")).To(Equal(now.Format("2006-01-02T15:04:05Z")))
	w.Expect(a.JSON()["completed_at"]).To(BeNil())

	w.clock.Step(time.Minute)
	b := w.update(a.Number("id"), `{"conclusion":"success"}`)
	w.Expect(b.Text("status")).To(Equal("completed"), "a conclusion implies completed")
	w.Expect(b.Text("completed_at")).To(Equal(now.Add(time.Minute).Format("2006-01-02T15:04:05Z")))
	w.Expect(b.Text("output", "summary")).To(Equal("s"), "what is not sent stays")
	w.Expect(b.Text("details_url")).To(Equal("https://ci/1"))

	got := w.call("GET", "/repos/ACME/shop/check-runs/"+strconv.FormatInt(a.Number("id"), 10), "")
	w.Expect(got.Body).To(Equal(b.Body))
	shown := w.CheckRuns("Acme/Shop", strings.ToUpper(sha))
	w.Expect(shown).To(HaveLen(1))
	w.Expect(shown[0].Conclusion).To(Equal("success"))
	w.Expect(shown[0].AppID).To(BeEquivalentTo(app))
}

func TestARunIsQueuedUnlessToldOtherwiseAndLinksToTheAppWithoutAURL(t *testing.T) {
	w := newWorld(t)
	a := w.created("")
	w.Expect(a.Text("status")).To(Equal("queued"))
	w.Expect(a.Text("details_url")).NotTo(BeEmpty())
	w.Expect(a.Text("details_url")).To(Equal(a.Text("app", "external_url")))
	w.Expect(w.CheckRuns("acme/shop", sha)[0].DetailsURL).To(BeEmpty())
}

func TestACreationIsNotIdempotent(t *testing.T) {
	w := newWorld(t)
	first, second := w.created(`,"external_id":"x"`), w.created(`,"external_id":"x"`)
	w.Expect(second.Number("id")).To(BeNumerically(">", first.Number("id")))
	w.Expect(w.CheckRuns("acme/shop", sha)).To(HaveLen(2))
}

func TestACompletedRunIsNotReopened(t *testing.T) {
	w := newWorld(t)
	id := w.created(`,"conclusion":"failure","output":{"title":"t","summary":"s"}`).Number("id")
	for _, status := range []string{"queued", "in_progress"} {
		a := w.update(id, `{"status":"`+status+`","output":{"title":"new","summary":"new"}}`)
		w.Expect(a.Status).To(Equal(http.StatusOK))
		w.Expect(a.Text("status")).To(Equal("completed"))
		w.Expect(a.Text("conclusion")).To(Equal("failure"))
		w.Expect(a.Text("output", "title")).To(Equal("t"))
	}
	a := w.update(id, `{"conclusion":"success","output":{"title":"u","summary":"v"}}`)
	w.Expect(a.Text("conclusion")).To(Equal("success"), "its conclusion may change")
	w.Expect(a.Text("output", "title")).To(Equal("u"))
}

func TestOnlyTheAppThatMadeARunChangesIt(t *testing.T) {
	w := newWorld(t)
	id := w.created("").Number("id")
	key := w.parse(w.AddApp(99))
	w.Install(99, 700, "acme")
	w.token = w.issue(key, 99, 700)
	a := w.update(id, `{"conclusion":"success"}`)
	w.Expect(a.Status).To(Equal(403))
	w.Expect(a.Text("message")).To(Equal("Invalid app_id `99` - check run can only be modified by the GitHub App that created it."))
}

func TestANameKeepsItsLastThousandRuns(t *testing.T) {
	w := newWorld(t, github.WithLimits(github.Limits{RequestsPerHour: 100_000}))
	first := w.created("").Number("id")
	w.call("POST", repo+"/check-runs", `{"name":"another","head_sha":"`+sha+`"}`)
	for range 999 {
		w.created("")
	}
	w.Expect(w.CheckRuns("acme/shop", sha)[0].ID).To(Equal(first))
	w.created("")
	shown := w.CheckRuns("acme/shop", sha)
	w.Expect(shown).To(HaveLen(1001))
	w.Expect(shown[0].Name).To(Equal("another"), "the oldest test is gone")
	w.Expect(w.update(first, `{}`).Status).To(Equal(404))
}
