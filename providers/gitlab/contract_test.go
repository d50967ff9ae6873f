package gitlab

import (
	"net/http"
	"strconv"
	"testing"

	"github.com/argoproj-labs/commit-status-hub/providers"
	"github.com/argoproj-labs/commit-status-hub/providers/contract"
	fake "github.com/argoproj-labs/commit-status-hub/test/scm/gitlab"
)

func TestContract(t *testing.T) { contract.Run(t, underContract) }

func underContract(t *testing.T) *contract.SCM {
	b := newBench(t)
	scm := &contract.SCM{
		Kind: b.kind, Provider: b.provider, Secret: map[string][]byte{tokenField: []byte(b.token)},
		Installations: b.kind.installations,
		Repository:    repository, SHA: sha, UnknownSHA: unpushed,
		All: func(at providers.Target) []providers.Status {
			var all []providers.Status
			for _, row := range b.gitlab.Statuses(at.Repository, at.SHA) {
				if row.Name == at.Name {
					all = append(all, providers.Status{Phase: read(row.State), Description: row.Description, URL: row.TargetURL})
				}
			}
			return all
		},
		Calls:  func() int { return b.count(fake.OpSetStatus) + b.count(fake.OpListStatuses) },
		Writes: func() int { return b.count(fake.OpSetStatus) },
		Edit: func(at providers.Target, to providers.Status) {
			b.gitlab.EditStatus(b.newest(at.Name).ID, func(s *fake.Status) {
				s.State, s.Description, s.TargetURL = string(states[to.Phase]), to.Description, to.URL
			})
		},
		Words: []string{"skipped", "of_tomorrow"},
		Word: func(at providers.Target, state string) {
			b.gitlab.EditStatus(b.newest(at.Name).ID, func(s *fake.Status) { s.State = state })
		},
		Delete: func(at providers.Target) {
			for _, row := range b.rows(at.Name) {
				b.gitlab.DeleteStatus(row.ID)
			}
		},
		Inject: map[contract.Fault]func(contract.Request){},
		Move:   func(to string) { b.gitlab.MoveProject(repository, to) },
		Paths: func() (n int) {
			for _, call := range b.gitlab.Calls() {
				if call.Operation == fake.OpGetProject && call.Status == 200 {
					n++
				}
			}
			return n
		},
	}
	kinds := map[contract.Fault]fake.Fault{
		contract.LostBefore:      {DropBefore: true},
		contract.LostAfter:       {DropAfter: true},
		contract.CutBody:         {CutBody: true},
		contract.Hang:            {Hang: true},
		contract.ServerError:     {Status: 500, Body: `{"message":"500 Internal Server Error"}`},
		contract.Page:            {Status: 200, Body: "<html>log in</html>"},
		contract.Empty:           {Status: 200},
		contract.Redirect:        {Status: 307, Header: http.Header{"Location": {"http://127.0.0.2:1/steal"}}},
		contract.TooManyRequests: {Status: 429, Body: retryLater, Header: http.Header{"Retry-After": {strconv.Itoa(int(contract.RetryAfter.Seconds()))}}},
		contract.Unauthorized:    {Times: -1, Status: 401, Body: `{"message":"401 Unauthorized"}`},
		contract.Forbidden:       {Times: -1, Status: 403, Body: forbidden403},
		contract.RepositoryGone:  {Times: -1, Status: 404, Body: `{"message":"404 Project Not Found"}`},
	}
	for name, page := range contract.ProxyPages {
		kinds[name] = fake.Fault{Status: page.Status, Body: page.Body}
	}
	for name, fault := range kinds {
		scm.Inject[name] = func(next contract.Request) {
			f := fault
			f.Match = writes
			if next == contract.Read {
				f.Match = withMethod(http.MethodGet, "/statuses")
			}
			b.gitlab.Inject(f)
		}
	}
	return scm
}
