package gitlab

import (
	"net/http"
	"strconv"
	"testing"

	"github.com/argoproj-labs/commit-status-hub/providers"
	"github.com/argoproj-labs/commit-status-hub/test/providercontract"
	fake "github.com/argoproj-labs/commit-status-hub/test/scm/gitlab"
)

func TestContract(t *testing.T) { providercontract.Run(t, underContract) }

func underContract(t *testing.T) *providercontract.SCM {
	b := newBench(t)
	scm := &providercontract.SCM{
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
		Inject: map[providercontract.Fault]func(providercontract.Request){},
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
	kinds := map[providercontract.Fault]fake.Fault{
		providercontract.LostBefore:      {DropBefore: true},
		providercontract.LostAfter:       {DropAfter: true},
		providercontract.CutBody:         {CutBody: true},
		providercontract.Hang:            {Hang: true},
		providercontract.ServerError:     {Status: 500, Body: `{"message":"500 Internal Server Error"}`},
		providercontract.Page:            {Status: 200, Body: "<html>log in</html>"},
		providercontract.Empty:           {Status: 200},
		providercontract.Redirect:        {Status: 307, Header: http.Header{"Location": {"http://127.0.0.2:1/steal"}}},
		providercontract.TooManyRequests: {Status: 429, Body: retryLater, Header: http.Header{"Retry-After": {strconv.Itoa(int(providercontract.RetryAfter.Seconds()))}}},
		providercontract.Unauthorized:    {Times: -1, Status: 401, Body: `{"message":"401 Unauthorized"}`},
		providercontract.Forbidden:       {Times: -1, Status: 403, Body: forbidden403},
		providercontract.RepositoryGone:  {Times: -1, Status: 404, Body: `{"message":"404 Project Not Found"}`},
	}
	for name, page := range providercontract.ProxyPages {
		kinds[name] = fake.Fault{Status: page.Status, Body: page.Body}
	}
	for name, fault := range kinds {
		scm.Inject[name] = func(next providercontract.Request) {
			f := fault
			f.Match = writes
			if next == providercontract.Read {
				f.Match = withMethod(http.MethodGet, "/statuses")
			}
			b.gitlab.Inject(f)
		}
	}
	return scm
}
