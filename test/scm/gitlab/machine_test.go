package gitlab_test

import (
	"fmt"
	"strings"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/argoproj-labs/commit-status-hub/test/scm/gitlab"
)

var states = []string{"pending", "running", "success", "failed", "canceled", "skipped"}

// made is what a legal request does.
const (
	newRow  = "a new row"
	sameRow = "the same row"
)

// TestTheStateMachine has a row for each state that a name can be in and each that is
// asked for: 42 cases.
func TestTheStateMachine(t *testing.T) {
	refused := func(verb, from string) string {
		return fmt.Sprintf(`Cannot transition status via :%s from :%s (Reason(s): Status cannot transition via %q)`, verb, from, verb)
	}
	legal := func(made string) map[string]string {
		to := map[string]string{}
		for _, state := range states {
			to[state] = made
		}
		return to
	}
	table := map[string]map[string]string{
		"":         legal(newRow),
		"success":  legal(newRow),
		"failed":   legal(newRow),
		"canceled": legal(newRow),
		"skipped":  legal(newRow),
		"pending": {
			"pending": refused("enqueue", "pending"),
			"running": sameRow, "success": sameRow, "failed": sameRow, "canceled": sameRow, "skipped": sameRow,
		},
		"running": {
			"pending": refused("enqueue", "running"), "running": refused("run", "running"), "skipped": refused("skip", "running"),
			"success": sameRow, "failed": sameRow, "canceled": sameRow,
		},
	}
	cases := 0
	for from, to := range table {
		for state, want := range to {
			cases++
			t.Run(from+" to "+state, func(t *testing.T) {
				w := newWorld(t)
				var first answer
				if from != "" {
					first = w.set(from, `,"description":"before"`)
					w.Expect(first.Status).To(Equal(201), first.Body)
				}
				before := w.Statuses(shop, sha)
				a := w.set(state, `,"description":"after"`)
				after := w.Statuses(shop, sha)
				switch want {
				case newRow:
					w.Expect(a.Status).To(Equal(201), a.Body)
					w.Expect(after).To(HaveLen(len(before) + 1))
					w.Expect(after[len(after)-1].ID).To(Equal(a.Number("id")))
					if from != "" {
						w.Expect(after[0].Retried).To(BeTrue())
						w.Expect(after[0].State).To(Equal(from))
						w.Expect(after[1].Pipeline).To(Equal(after[0].Pipeline))
					}
					w.Expect(after[len(after)-1].Retried).To(BeFalse())
				case sameRow:
					w.Expect(a.Status).To(Equal(201), a.Body)
					w.Expect(a.Number("id")).To(Equal(first.Number("id")))
					w.Expect(after).To(HaveLen(1))
					w.Expect(after[0].State).To(Equal(state))
					w.Expect(after[0].Description).To(Equal("after"))
				default:
					w.Expect(a.Status).To(Equal(400))
					w.Expect(a.Text("message")).To(Equal(want))
					w.Expect(after).To(Equal(before))
				}
			})
		}
	}
	NewWithT(t).Expect(cases).To(Equal(42))
}

// TestWhatMakesARowOfItsOwn has the parts of a row's identity.
func TestWhatMakesARowOfItsOwn(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(*world) (more string)
		own    bool
	}{
		"nothing else":  {func(*world) string { return "" }, false},
		"the same ref":  {func(*world) string { return `,"ref":"main"` }, false},
		"another ref":   {func(*world) string { return `,"ref":"release"` }, true},
		"the same name": {func(*world) string { return `,"context":"ignored"` }, false},
		"another name":  {func(*world) string { return `,"name":"other"` }, true},
		"a name in another case": {
			func(*world) string { return `,"name":"Test"` }, true,
		},
		"another user": {func(w *world) string { w.token = w.AddToken("human"); return "" }, true},
		"another token of the user": {
			func(w *world) string { w.token = w.AddToken("bot"); return "" }, false,
		},
		"a newer pipeline": {func(w *world) string { w.AddPipeline(shop, sha, "main"); return "" }, true},
		"a newer pipeline, the old one named": {
			func(w *world) string {
				w.AddPipeline(shop, sha, "main")
				return fmt.Sprintf(`,"pipeline_id":%d`, w.Pipelines(shop, sha)[0].ID)
			}, false,
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.Expect(w.set("pending", "").Status).To(Equal(201))
			a := w.set("pending", tc.change(w))
			if tc.own {
				w.Expect(a.Status).To(Equal(201), a.Body)
				w.Expect(w.Statuses(shop, sha)).To(HaveLen(2))
			} else {
				w.Expect(a.Status).To(Equal(400), "it is the row that is pending")
			}
		})
	}
}

func TestAnotherUsersRowHidesOursAndOursGoesOn(t *testing.T) {
	w := newWorld(t)
	w.set("pending", "")
	w.AddStatus(gitlab.Status{Project: shop, SHA: sha, Name: "test", State: "success", User: "human"})
	rows := w.Statuses(shop, sha)
	w.Expect(rows[0].Retried).To(BeTrue())
	w.Expect(w.list("").List()).To(HaveLen(1))
	w.Expect(w.list("?all=true").List()).To(HaveLen(2))
	w.Expect(w.set("pending", "").Status).To(Equal(400))
	w.Expect(w.set("running", "").Number("id")).To(Equal(rows[0].ID))
}

func TestATextStaysWhereNoneIsGiven(t *testing.T) {
	w := newWorld(t)
	w.set("pending", `,"description":"d","target_url":"https://ci.example.com/1"`)
	for _, none := range []string{"", `,"description":"","target_url":""`, `,"description":null`, `,"description":"  "`} {
		w.set("running", none)
	}
	row := w.Statuses(shop, sha)[0]
	w.Expect(row.Description).To(Equal("d"))
	w.Expect(row.TargetURL).To(Equal("https://ci.example.com/1"))
}

func TestWhatIsRefusedMayLeaveAnEmptyPipeline(t *testing.T) {
	long := strings.Repeat("ä", 256)
	for name, tc := range map[string]struct {
		body    string
		status  int
		message string
		leaves  bool
	}{
		"no state":        {`{"name":"test"}`, 400, `{"error":"state is missing, state does not have a valid value"}`, false},
		"unknown state":   {`{"state":"done"}`, 400, `{"error":"state does not have a valid value"}`, false},
		"no JSON":         {`state=success`, 400, `"error"`, false},
		"a number":        {`{"state":"success","name":1}`, 400, `{"error":"name is invalid"}`, false},
		"bad pipeline":    {`{"state":"success","pipeline_id":"x"}`, 400, `{"error":"pipeline_id is invalid"}`, false},
		"no pipeline":     {`{"state":"success","pipeline_id":1}`, 404, `{"message":"404 Pipeline for pipeline_id, sha and ref Not Found"}`, false},
		"NUL":             {`{"state":"success","description":"\u0000"}`, 400, "null byte", false},
		"long text":       {`{"state":"success","description":"` + long + `"}`, 400, `{"message":{"description":["is too long (maximum is 255 characters)"]}}`, true},
		"long URL":        {`{"state":"success","target_url":"https://x/` + long + `"}`, 400, `{"message":{"target_url":["is too long (maximum is 255 characters)"]}}`, true},
		"long name":       {`{"state":"success","name":"` + long + `"}`, 400, `"name":["is too long`, true},
		"blank name":      {`{"state":"success","name":" "}`, 400, `"name":["can't be blank"]`, true},
		"scheme":          {`{"state":"success","target_url":"ftp://x/"}`, 400, `{"message":{"target_url":["is blocked: Only allowed schemes are http, https"]}}`, true},
		"longest of each": {`{"state":"success","description":"` + strings.Repeat("ä", 255) + `"}`, 201, "", true},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			a := w.call("POST", project+"/statuses/"+sha, tc.body)
			w.Expect(a.Status).To(Equal(tc.status), a.Body)
			w.Expect(a.Body).To(ContainSubstring(tc.message))
			w.Expect(len(w.Pipelines(shop, sha)) == 1).To(Equal(tc.leaves))
		})
	}
}

func TestCommitsAndTheirBranches(t *testing.T) {
	w := newWorld(t)
	w.AddCommit(shop, other)
	a := w.call("POST", project+"/statuses/"+other, `{"state":"success"}`)
	w.Expect(a.Status).To(Equal(404))
	w.Expect(a.Text("message")).To(Equal("404 References for commit Not Found"))
	a = w.call("POST", project+"/statuses/"+strings.Repeat("0", 40), `{"state":"success"}`)
	w.Expect(a.Text("message")).To(Equal("404 Commit Not Found"))
	w.Expect(w.call("GET", project+"/repository/commits/"+strings.Repeat("0", 40)+"/statuses", "").Text("message")).To(Equal("404 Commit Not Found"))
	w.AddCommit(shop, other, "feature", "main")
	w.Expect(w.call("POST", project+"/statuses/"+other, `{"state":"success"}`).Text("ref")).To(Equal("feature"))
}

func TestAJobsNameIsTaken(t *testing.T) {
	w := newWorld(t)
	w.AddJob(w.AddPipeline(shop, sha, "main"), "test", "running")
	a := w.set("success", "")
	w.Expect(a.Status).To(Equal(400))
	w.Expect(a.Body).To(Equal(`{"message":{"name":["has already been taken"]}}`))
	w.Expect(w.list("").List()).To(HaveLen(1), "jobs are listed too")
}
