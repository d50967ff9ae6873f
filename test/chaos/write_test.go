package chaos

import (
	"net/http"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/test/scm/github"
	"github.com/argoproj-labs/commit-status-hub/test/scm/gitlab"
	"github.com/argoproj-labs/commit-status-hub/test/scm/wire"
)

func TestCallsAreReadAsWrites(t *testing.T) {
	runs := map[int64]github.CheckRun{7: {ID: 7, HeadSHA: commit(1), ExternalID: "x"}}
	onGitHub := func(c wire.Call) (Write, error) { return githubWrite(c, runs) }
	shop := Place{Repository: "github0/shop", SHA: commit(1), Name: "check-1"}
	project := Place{Repository: "acme/platform/shop", SHA: commit(1), Name: "check-1"}
	for name, tc := range map[string]struct {
		read func(wire.Call) (Write, error)
		call wire.Call
		want Write
	}{
		"a check run is made": {onGitHub, wire.Call{
			Operation: github.OpCreateCheckRun, Path: "/repos/github0/shop/check-runs", Status: http.StatusCreated, ResponseBody: []byte(`{"id":7}`),
			RequestBody: []byte(`{"name":"check-1","head_sha":"` + commit(1) + `","external_id":"x","status":"in_progress","details_url":"u","output":{"title":"t","summary":"d"}}`),
		}, Write{Place: shop, Content: Content{v1alpha1.PhaseInProgress, "d", "u"}, Creates: true, Run: 7, ExternalID: "x", Took: true}},
		"a check run is ended": {onGitHub, wire.Call{
			Operation: github.OpUpdateCheckRun, Path: "/repos/github0/shop/check-runs/7", Status: http.StatusOK, Lost: true,
			RequestBody: []byte(`{"name":"check-1","status":"completed","conclusion":"cancelled"}`),
		}, Write{Place: shop, Content: Content{Phase: v1alpha1.PhaseCanceled}, Run: 7, ExternalID: "x", Took: true}},
		"a check run is refused": {onGitHub, wire.Call{
			Operation: github.OpCreateCheckRun, Path: "/repos/github0/shop/check-runs", Status: http.StatusTooManyRequests,
			RequestBody: []byte(`{"name":"check-1","head_sha":"` + commit(1) + `","external_id":"x","status":"completed","conclusion":"success"}`),
		}, Write{Place: shop, Content: Content{Phase: v1alpha1.PhaseSuccess}, Creates: true, ExternalID: "x"}},
		"a status is set": {gitlabWrite, wire.Call{
			Operation: gitlab.OpSetStatus, Path: "/api/v4/projects/acme%2Fplatform%2Fshop/statuses/" + commit(1), Status: http.StatusCreated,
			RequestBody: []byte(`{"state":"failed","name":"check-1","description":"d","target_url":"u"}`),
		}, Write{Place: project, Content: Content{v1alpha1.PhaseFailure, "d", "u"}, Creates: true, Took: true}},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			got, err := tc.read(tc.call)
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(got).To(Equal(tc.want))
		})
	}
	for name, read := range map[string]func(wire.Call) (Write, error){"GitHub": onGitHub, "GitLab": gitlabWrite} {
		t.Run("what is none on "+name, func(t *testing.T) {
			_, err := read(wire.Call{Path: "/repos/a/b/check-runs/7", RequestBody: []byte("x")})
			NewWithT(t).Expect(err).To(HaveOccurred())
		})
	}
}
