package gitlab

import (
	"net/http"
	"strings"
	"testing"

	"github.com/argoproj-labs/commit-status-hub/providers"
	"github.com/argoproj-labs/commit-status-hub/test/providercontract"
	fake "github.com/argoproj-labs/commit-status-hub/test/scm/gitlab"
)

func TestContract(t *testing.T) { providercontract.Run(t, underContract) }

func underContract(t *testing.T) *providercontract.SCM {
	b := newBench(t)
	scm := b.SCM
	scm.All = func(at providers.Target) (all []providers.Status) {
		for _, row := range b.gitlab.Statuses(at.Repository, at.SHA) {
			if row.Name == at.Name {
				all = append(all, providers.Status{Phase: read(row.State), Description: row.Description, URL: row.TargetURL})
			}
		}
		return all
	}
	scm.Calls = func() int { return providercontract.Count(b.gitlab, fake.OpSetStatus, fake.OpListStatuses) }
	scm.Writes = func() int { return providercontract.Count(b.gitlab, fake.OpSetStatus) }
	scm.Edit = func(at providers.Target, to providers.Status) {
		b.gitlab.EditStatus(b.newest(at.Name).ID, func(s *fake.Status) {
			s.State, s.Description, s.TargetURL = string(states[to.Phase]), to.Description, to.URL
		})
	}
	scm.Words = []string{"skipped", "of_tomorrow"}
	scm.Word = func(at providers.Target, state string) {
		b.gitlab.EditStatus(b.newest(at.Name).ID, func(s *fake.Status) { s.State = state })
	}
	scm.Delete = func(at providers.Target) {
		for _, row := range b.rows(at.Name) {
			b.gitlab.DeleteStatus(row.ID)
		}
	}
	scm.Move = func(to string) { b.gitlab.MoveProject(repository, to) }
	scm.Paths = func() int { return providercontract.Answered(b.gitlab, fake.OpGetProject) }
	scm.Inject = providercontract.FaultsOf(b.gitlab,
		func(next providercontract.Request, r *http.Request) bool {
			return strings.Contains(r.URL.Path, "/statuses") && next.Is(r)
		},
		map[providercontract.Fault]fake.Fault{
			providercontract.ServerError:     {Status: 500, Body: `{"message":"500 Internal Server Error"}`},
			providercontract.TooManyRequests: {Status: 429, Body: retryLater},
			providercontract.Unauthorized:    {Times: -1, Status: 401, Body: `{"message":"401 Unauthorized"}`},
			providercontract.Forbidden:       {Times: -1, Status: 403, Body: forbidden403},
			providercontract.RepositoryGone:  {Times: -1, Status: 404, Body: `{"message":"404 Project Not Found"}`},
		})
	return scm
}
