package github_test

import (
	"strconv"
	"testing"

	. "github.com/onsi/gomega"
)

func TestCheckSuiteStatus_IsCompletedOnceEachRunIs(t *testing.T) {
	w := newWorld(t)
	w.Expect(w.CheckSuiteStatus("acme/shop", sha, 12345)).To(BeEmpty())
	first := w.call("POST", repo+"/check-runs", `{"name":"n","head_sha":"`+sha+`","status":"in_progress"}`)
	w.Expect(first.Status).To(Equal(201), first.Body)
	w.call("POST", repo+"/check-runs", `{"name":"n","head_sha":"`+sha+`","conclusion":"success"}`)
	w.Expect(w.CheckSuiteStatus("acme/shop", sha, 12345)).To(Equal("in_progress"), "the hidden run is unfinished")
	w.call("PATCH", repo+"/check-runs/"+strconv.FormatInt(w.CheckRuns("acme/shop", sha)[0].ID, 10), `{"conclusion":"cancelled"}`)
	w.Expect(w.CheckSuiteStatus("ACME/shop", sha, 12345)).To(Equal("completed"))
	w.Expect(w.CheckSuiteStatus("acme/shop", sha, 999)).To(BeEmpty(), "another App's suite")
}

func TestRerequestCheckSuite_WaitsUntilEachNameIsWrittenAgain(t *testing.T) {
	w := newWorld(t)
	for _, name := range []string{"a", "b"} {
		w.call("POST", repo+"/check-runs", `{"name":"`+name+`","head_sha":"`+sha+`","conclusion":"success"}`)
	}
	runs := w.CheckRuns("acme/shop", sha)
	w.RerequestCheckSuite("acme/shop", sha, 12345)
	w.Expect(w.CheckRuns("acme/shop", sha)).To(Equal(runs), "no run changes")
	w.Expect(w.CheckSuiteStatus("acme/shop", sha, 12345)).To(Equal("queued"))
	w.call("PATCH", repo+"/check-runs/"+strconv.FormatInt(runs[0].ID, 10), `{"conclusion":"success"}`)
	w.Expect(w.CheckSuiteStatus("acme/shop", sha, 12345)).To(Equal("queued"), "b is not written yet")
	w.call("POST", repo+"/check-runs", `{"name":"b","head_sha":"`+sha+`","conclusion":"success"}`)
	w.Expect(w.CheckSuiteStatus("acme/shop", sha, 12345)).To(Equal("completed"))
}
