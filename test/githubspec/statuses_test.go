package githubspec_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
	"github.com/argoproj-labs/commit-status-hub/test/githubspec"
	"github.com/argoproj-labs/commit-status-hub/test/scm/github"
)

// commitStatus is a commit status as GitHub has answered it.
type commitStatus struct {
	ID          int64           `json:"id"`
	State       string          `json:"state"`
	Context     string          `json:"context"`
	Description string          `json:"description"`
	TargetURL   string          `json:"target_url"`
	Creator     json.RawMessage `json:"creator"`
}

// phaseOf is how the provider has to read the states of commit statuses.
var phaseOf = map[string]v1alpha1.Phase{"success": v1alpha1.PhaseSuccess, "failure": v1alpha1.PhaseFailure}

func (c commitStatus) shown(g *WithT) providers.Shown {
	g.Expect(phaseOf).To(HaveKey(c.State), "it is not said what that means")
	return providers.Shown{
		Status: providers.Status{Phase: phaseOf[c.State], Description: c.Description, URL: c.TargetURL},
		Handle: v1alpha1.ProviderHandle{GitHub: &v1alpha1.GitHubHandle{StatusID: c.ID}},
	}
}

// commitOf is the repository and the commit in the path of a call about statuses.
func commitOf(t *testing.T, e githubspec.Exchange) providers.Commit {
	t.Helper()
	parts := strings.Split(e.Path, "/")
	for i, part := range parts {
		if (part == "statuses" || part == "commits") && i > 3 && i+1 < len(parts) {
			return providers.Commit{Repository: parts[2] + "/" + parts[3], SHA: parts[i+1]}
		}
	}
	t.Fatalf("%s has no commit", e.Path)
	return providers.Commit{}
}

// somebodyElse is a user as GitHub answers them, under another number.
func somebodyElse(t *testing.T, user json.RawMessage) json.RawMessage {
	t.Helper()
	other := read[object](t, user)
	other["id"], other["login"] = 1, "somebody-else"
	return written(t, other)
}

func TestTheProviderWritesStatusesAsGitHubHasTakenThem(t *testing.T) {
	for _, e := range exchanges(t, "create-status", "POST", "/statuses/") {
		answered := read[commitStatus](t, e.Body)
		t.Run(answered.Context, func(t *testing.T) {
			commit := commitOf(t, e)
			s := byUser(t, answered.Creator, commit.Repository)
			s.repeats("POST", "/statuses/"+commit.SHA, e)
			want := answered.shown(s.WithT)
			sent := read[commitStatus](t, e.RequestBody)

			shown, err := s.client().Create(t.Context(),
				providers.Target{Repository: commit.Repository, SHA: commit.SHA, Name: sent.Context, ExternalID: "0123456789abcdef"},
				providers.Status{Phase: phaseOf[sent.State], Description: sent.Description, URL: sent.TargetURL})
			s.Expect(err).NotTo(HaveOccurred())
			s.Expect(shown).To(Equal(want))
			s.Expect(s.requests(github.OpCreateStatus)).To(Equal([]string{"POST " + e.Path}))
			s.Expect(s.github.Writes()[0].RequestBody).To(MatchJSON(e.RequestBody))
		})
	}
}

func TestTheProviderListsTheStatusesThatGitHubHasAnswered(t *testing.T) {
	e := exchanges(t, "create-status", "GET", "/statuses")[0]
	commit, all := commitOf(t, e), read[[]commitStatus](t, e.Body)
	NewWithT(t).Expect(len(all)).To(BeNumerically(">", 1))
	for name, who := range map[string]func(json.RawMessage) json.RawMessage{
		"ours":            func(user json.RawMessage) json.RawMessage { return user },
		"somebody else's": func(user json.RawMessage) json.RawMessage { return somebodyElse(t, user) },
	} {
		t.Run(name, func(t *testing.T) {
			s := byUser(t, who(all[0].Creator), commit.Repository)
			s.repeats("GET", "/commits/"+commit.SHA+"/statuses", e)
			foreign := name != "ours"
			want := map[string]providers.Listed{}
			for _, status := range all {
				shown := status.shown(s.WithT)
				shown.Foreign = foreign
				want[status.Context] = providers.Listed{Shown: shown}
			}
			listing, err := s.client().List(t.Context(), commit, "")
			s.Expect(err).NotTo(HaveOccurred())
			s.Expect(listing).To(Equal(providers.Listing{Tag: e.Header.Get("ETag"), Statuses: want}))
			s.Expect(listing.Tag).NotTo(BeEmpty())

			for _, status := range all {
				at := providers.Target{Repository: commit.Repository, SHA: commit.SHA, Name: status.Context, ExternalID: "0123456789abcdef"}
				found, err := s.client().Find(t.Context(), at)
				s.Expect(err).NotTo(HaveOccurred())
				if foreign {
					s.Expect(found).To(BeNil())
					continue
				}
				s.Expect(*found).To(Equal(want[status.Context].Shown))
			}
		})
	}
}

func TestTheProviderReadsTheStatusesThatGitHubSent(t *testing.T) {
	n := 0
	for i, w := range fetched(t, "GitHub's own webhooks", githubspec.Webhooks) {
		if w.Event != "status" {
			continue
		}
		n++
		t.Run(fmt.Sprintf("%s %d", w.Sender, i), func(t *testing.T) {
			// In a webhook, who made the status is the sender; the rest is as in an answer.
			payload := read[struct {
				SHA, Name string
				Sender    json.RawMessage
			}](t, w.Payload)
			status := read[object](t, w.Payload)
			status["creator"] = payload.Sender
			raw := written(t, status)

			s := byUser(t, payload.Sender, payload.Name)
			s.repeats("GET", "/statuses", githubspec.Exchange{Status: 200, Body: written(t, []json.RawMessage{raw})})
			sent := read[commitStatus](t, raw)
			s.Expect(sent.Context).NotTo(BeEmpty())

			listing, err := s.client().List(t.Context(), providers.Commit{Repository: payload.Name, SHA: payload.SHA}, "")
			s.Expect(err).NotTo(HaveOccurred())
			s.Expect(listing.Statuses).To(Equal(map[string]providers.Listed{sent.Context: {Shown: sent.shown(s.WithT)}}))
		})
	}
	NewWithT(t).Expect(n).To(BeNumerically(">", 4))
}

func TestTheBudgetIsWhatGitHubsHeadersTell(t *testing.T) {
	list := exchanges(t, "create-status", "GET", "/statuses")[0]
	commit := commitOf(t, list)
	me := read[[]commitStatus](t, list.Body)[0].Creator
	for name, answer := range map[string]githubspec.Exchange{
		"answered": list,
		"refused":  refusal(t, "errors", 422),
		"missing":  refusal(t, "branch-protection", 404),
	} {
		t.Run(name, func(t *testing.T) {
			s := byUser(t, me, commit.Repository)
			s.repeats("GET", "/statuses", answer)
			_, err := s.client().List(t.Context(), commit, "")
			s.Expect(err != nil).To(Equal(answer.Status != 200))

			told, budget := toldBy(s.WithT, answer.Header), s.budget()
			s.Expect(budget.Limit).To(HaveValue(Equal(told.limit)))
			s.Expect(budget.Remaining).To(HaveValue(Equal(told.remaining)))
			// The recording is years old, so what counts is how long it is by the server's clock.
			ends := s.clock.Now().Add(told.reset.Sub(told.now))
			s.Expect(budget.ResetAt.Time).To(BeTemporally("~", ends, time.Second))
			s.Expect(budget.PausedUntil).To(BeNil(), "there is enough left")
		})
	}
}

func TestTheProviderReadsAllPagesThatGitHubTellsOf(t *testing.T) {
	pages := exchanges(t, "paginate-issues", "GET", "/issues?")
	s := byApp(t, app, repository)
	var want []string
	for i, page := range pages {
		NewWithT(t).Expect(page.Header.Get("Link")).NotTo(BeEmpty())
		number := fmt.Sprint(i + 1)
		// The Links of a list of issues are as those of every other list.
		answer := listed()
		answer.Header = page.Header
		s.answers(answer, onPage(number))
		query := url.Values{"app_id": {fmt.Sprint(app)}, "filter": {"latest"}, "page": {number}, "per_page": {"100"}}
		want = append(want, "GET /repos/"+repository+"/commits/"+sha+"/check-runs?"+query.Encode())
	}
	listing, err := s.client().List(t.Context(), providers.Commit{Repository: repository, SHA: sha}, "")
	s.Expect(err).NotTo(HaveOccurred())
	s.Expect(listing.Tag).To(BeEmpty(), "the tag of one page says nothing of the others")
	s.Expect(s.requests(github.OpListCheckRuns)).To(Equal(want))
	s.Expect(len(want)).To(BeNumerically(">", 2))
}
