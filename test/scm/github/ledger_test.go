package github_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/argoproj-labs/commit-status-hub/test/scm/github"
)

func TestTheLedgerHoldsEveryCallInOrder(t *testing.T) {
	w := newWorld(t)
	id := w.created("").Number("id")
	w.clock.Step(time.Second)
	w.update(id, `{"status":"done"}`)
	w.list("filter=all")
	w.call("GET", fmt.Sprintf("%s/check-runs/%d", repo, id), "")
	w.send("GET", "/orgs/acme/installation", "", sign(w.key, "RS256", w.claims(app)))
	w.send("GET", "/nowhere", "", "")

	type entry struct {
		operation    string
		status       int
		installation int64
	}
	var got []entry
	for _, c := range w.Calls() {
		got = append(got, entry{c.Operation, c.Status, c.Installation})
	}
	w.Expect(got).To(Equal([]entry{
		{github.OpCreateToken, 201, installation},
		{github.OpCreateCheckRun, 201, installation},
		{github.OpUpdateCheckRun, 422, installation},
		{github.OpListCheckRuns, 200, installation},
		{github.OpGetCheckRun, 200, installation},
		{github.OpFindInstallation, 200, installation},
		{"", 404, 0},
	}))
	w.Expect(w.Writes()).To(HaveLen(2), "refused ones count")
	update := w.Writes()[1]
	w.Expect(update.At).To(BeTemporally("==", w.clock.Now()))
	w.Expect(update.Method).To(Equal(http.MethodPatch))
	w.Expect(update.Path).To(Equal(fmt.Sprintf("%s/check-runs/%d", repo, id)))
	w.Expect(update.App).To(BeEquivalentTo(app))
	w.Expect(string(update.RequestBody)).To(Equal(`{"status":"done"}`))
	w.Expect(string(update.ResponseBody)).To(ContainSubstring("not a member"))
	w.Expect(w.Calls()[3].URL().String()).To(HaveSuffix("/check-runs?filter=all"))
}

func TestTheLedgerHoldsNoSecret(t *testing.T) {
	w := newWorld(t)
	w.created(`,"external_id":"` + w.token + `"`)
	dump := ""
	for _, c := range w.Calls() {
		dump += fmt.Sprintf("%v %s %s %v %s\n", c.URL(), c.RequestHeader, c.RequestBody, c.ResponseHeader, c.ResponseBody)
	}
	w.Expect(dump).NotTo(ContainSubstring("ghs_"))
	w.Expect(dump).NotTo(ContainSubstring("Authorization"))
	w.Expect(dump).NotTo(ContainSubstring("eyJ"))
	w.Expect(dump).To(ContainSubstring(`"token":"***"`))
}

func TestARequestWithoutAUserAgentIsRefused(t *testing.T) {
	w := newWorld(t)
	w.Expect(w.call("GET", "/app", "", "User-Agent", "").Status).To(Equal(403))
}
