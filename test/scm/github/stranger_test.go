package github_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/argoproj-labs/commit-status-hub/test/scm/github"
)

// shown is the answer to a GET of one run.
func (w *world) shown(id int64) answer {
	return w.call("GET", repo+"/check-runs/"+strconv.FormatInt(id, 10), "")
}

func TestAStrangersEditShows(t *testing.T) {
	w := newWorld(t)
	id := w.created("").Number("id")
	calls := len(w.Calls())
	w.EditCheckRun(id, func(r *github.CheckRun) {
		r.Status, r.Conclusion, r.ExternalID = "completed", "stale", "theirs"
		r.ID, r.AppID, r.Repository, r.HeadSHA = 1, 1, "acme/other", other
	})
	w.Expect(w.Calls()).To(HaveLen(calls), "it is no call")
	a := w.shown(id)
	w.Expect(a.Text("conclusion")).To(Equal("stale"))
	w.Expect(a.Text("external_id")).To(Equal("theirs"))
	w.Expect(a.Number("id")).To(Equal(id))
	w.Expect(a.Text("head_sha")).To(Equal(sha))
	w.Expect(a.JSON()["app"]).To(HaveKeyWithValue("id", BeEquivalentTo(app)))
	w.Expect(names(w.list(""))).To(Equal([]string{"test completed"}))
	w.Expect(func() { w.EditCheckRun(1, func(*github.CheckRun) {}) }).To(Panic())
}

func TestAStrangerMayRenameARun(t *testing.T) {
	w := newWorld(t)
	old, id := w.created("").Number("id"), w.created("").Number("id")
	w.EditCheckRun(id, func(r *github.CheckRun) { r.Name = "renamed" })
	w.Expect(names(w.list(""))).To(ConsistOf("renamed queued", "test queued"), "the one before is shown again")
	w.Expect(w.list("check_name=test").Body).To(ContainSubstring(strconv.FormatInt(old, 10)))
}

func TestARunVanishes(t *testing.T) {
	w := newWorld(t)
	old, id := w.created(`,"conclusion":"failure"`).Number("id"), w.created("").Number("id")
	w.DeleteCheckRun(id)
	w.Expect(w.shown(id).Status).To(Equal(404))
	w.Expect(w.update(id, `{"conclusion":"success"}`).Status).To(Equal(404))
	w.Expect(names(w.list(""))).To(Equal([]string{"test completed"}), "the one before is shown again")
	w.DeleteCheckRun(old)
	w.Expect(names(w.list("filter=all"))).To(BeEmpty())
	w.Expect(w.CheckRuns("acme/shop", sha)).To(BeEmpty())
	w.Expect(func() { w.DeleteCheckRun(id) }).To(Panic())
	w.Expect(w.created("").Number("id")).To(BeNumerically(">", id), "an ID is used once")
}

func TestARunThatNoCallMadeShows(t *testing.T) {
	w := newWorld(t)
	ours := w.created("").Number("id")
	calls := len(w.Calls())
	id := w.AddCheckRun(github.CheckRun{
		ID: 1, Repository: "Acme/Shop", HeadSHA: strings.ToUpper(sha), Name: "test", Conclusion: "success", ExternalID: "theirs", AppID: app,
	})
	w.Expect(w.Calls()).To(HaveLen(calls), "it is no call")
	w.Expect(id).To(BeNumerically(">", ours))
	w.Expect(names(w.list(""))).To(Equal([]string{"test completed"}), "the newest of its name counts")
	w.Expect(names(w.list("filter=all"))).To(Equal([]string{"test completed", "test queued"}))
	a := w.shown(id)
	w.Expect(a.Text("external_id")).To(Equal("theirs"))
	w.Expect(a.Text("head_sha")).To(Equal(sha))
	now := w.clock.Now().UTC().Format(time.RFC3339)
	w.Expect(a.Text("started_at")).To(Equal(now))
	w.Expect(a.Text("completed_at")).To(Equal(now))
	w.Expect(w.update(id, `{"conclusion":"failure"}`).Status).To(Equal(200), "it is the app's own")

	w.AddCheckRun(github.CheckRun{Repository: "acme/shop", HeadSHA: sha, Name: "test", AppID: 99})
	w.Expect(names(w.list(""))).To(Equal([]string{"test queued", "test completed"}), "another app has a suite of its own")
	for _, r := range []github.CheckRun{
		{Repository: "acme/shop", HeadSHA: other, Name: "test", AppID: app},
		{Repository: "acme/none", HeadSHA: sha, Name: "test", AppID: app},
		{Repository: "acme/shop", HeadSHA: sha, AppID: app},
		{Repository: "acme/shop", HeadSHA: sha, Name: "test"},
	} {
		w.Expect(func() { w.AddCheckRun(r) }).To(Panic(), "%+v", r)
	}
}

func TestAStrangersRunsCountAmongTheLastThousandOfAName(t *testing.T) {
	w := newWorld(t)
	add := func() int64 {
		return w.AddCheckRun(github.CheckRun{Repository: "acme/shop", HeadSHA: sha, Name: "test", AppID: app})
	}
	first, second := w.created("").Number("id"), w.created("").Number("id")
	for range 998 {
		add()
	}
	w.EditCheckRun(add(), func(r *github.CheckRun) { r.Name = "renamed" })
	w.Expect(w.shown(first).Status).To(Equal(404), "it made room before the other one was renamed")
	w.Expect(w.CheckRuns("acme/shop", sha)).To(HaveLen(1000))
	w.DeleteCheckRun(add())
	add()
	w.Expect(w.shown(second).Status).To(Equal(200), "what was renamed or has vanished takes no room")
	add()
	w.Expect(w.shown(second).Status).To(Equal(404))
}

func TestWhatAStrangerDoesChangesTheTagOfAList(t *testing.T) {
	for name, do := range map[string]func(w *world, id int64){
		"an edit": func(w *world, id int64) { w.EditCheckRun(id, func(r *github.CheckRun) { r.Summary += "x" }) },
		"a newer run": func(w *world, _ int64) {
			w.AddCheckRun(github.CheckRun{Repository: "acme/shop", HeadSHA: sha, Name: "test", AppID: app})
		},
		"a name": func(w *world, _ int64) {
			w.AddCheckRun(github.CheckRun{Repository: "acme/shop", HeadSHA: sha, Name: "lint", AppID: app})
		},
		"a run that vanishes": func(w *world, id int64) { w.DeleteCheckRun(id) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			id := w.created("").Number("id")
			const query = "per_page=100&filter=all"
			tag := w.list(query).Header.Get("ETag")
			w.Expect(w.list(query, "If-None-Match", tag).Status).To(Equal(304))
			do(w, id)
			w.Expect(w.list(query, "If-None-Match", tag).Status).To(Equal(200))
		})
	}
}
