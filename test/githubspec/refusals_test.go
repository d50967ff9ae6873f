package githubspec_test

import (
	"slices"
	"strings"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
	"github.com/argoproj-labs/commit-status-hub/test/githubspec"
)

// target is of acme/shop.
func target() providers.Target {
	return providers.Target{Repository: repository, SHA: sha, Name: "hydration", ExternalID: "0123456789abcdef"}
}

// success is something to write.
var success = providers.Status{Phase: v1alpha1.PhaseSuccess, Description: "Hydrated 12 apps"}

// calls are the ways in which a client can be refused.
var calls = map[string]func(*testing.T, providers.Client) error{
	"create": func(t *testing.T, c providers.Client) error {
		_, err := c.Create(t.Context(), target(), success)
		return err
	},
	"update": func(t *testing.T, c providers.Client) error {
		handle := v1alpha1.ProviderHandle{GitHub: &v1alpha1.GitHubHandle{CheckRunID: 7}}
		_, err := c.Update(t.Context(), target(), providers.Shown{Handle: handle}, success)
		return err
	},
	"find": func(t *testing.T, c providers.Client) error {
		_, err := c.Find(t.Context(), target())
		return err
	},
	"list": func(t *testing.T, c providers.Client) error {
		_, err := c.List(t.Context(), providers.Commit{Repository: repository, SHA: sha}, "")
		return err
	},
}

// refusing are stages at which a refusal answers every call that a client makes.
func refusing(t *testing.T, answer githubspec.Exchange) map[string]*stage {
	t.Helper()
	me := read[commitStatus](t, exchanges(t, "create-status", "POST", "/statuses/")[0].Body).Creator
	stages := map[string]*stage{"an App": byApp(t, app, repository), "a user": byUser(t, me, repository)}
	for _, s := range stages {
		for _, ending := range []string{"/check-runs", "/check-runs/7", "/statuses", "/statuses/" + sha} {
			for _, method := range []string{"GET", "POST", "PATCH"} {
				s.repeats(method, ending, answer)
			}
		}
	}
	return stages
}

func TestWhatGitHubHasRefusedIsInvalid(t *testing.T) {
	for scenario, message := range map[string]string{
		"errors":                  "GitHub refused it: Validation Failed; color: invalid",
		"release-assets-conflict": "GitHub refused it: Validation Failed; name: already_exists",
	} {
		answer := refusal(t, scenario, 422)
		for who, s := range refusing(t, answer) {
			for name, call := range calls {
				t.Run(scenario+" "+who+" "+name, func(t *testing.T) {
					err := providers.AsError(call(t, s.client()))
					s.Expect(err).To(Equal(&providers.Error{Reason: v1alpha1.ReasonInvalid, Message: message}))
					s.Expect(s.budget().PausedUntil).To(BeNil())
				})
			}
		}
	}
}

func TestWhatGitHubHasNotFoundIsNotFound(t *testing.T) {
	answer := refusal(t, "branch-protection", 404)
	for who, s := range refusing(t, answer) {
		for name, call := range calls {
			t.Run(who+" "+name, func(t *testing.T) {
				// The scopes in the header are those of a token that may write.
				err := providers.AsError(call(t, s.client()))
				s.Expect(err.Reason).To(Equal(v1alpha1.ReasonRepoNotFound), err.Message)
				s.Expect(err.Message).To(ContainSubstring(repository))
				s.Expect(err.Stale).To(Equal(who == "an App" && name == "update"), "only a look tells what is gone")
				s.Expect(err.Unknown).To(BeFalse(), "nothing was sent that could still take effect")
				s.Expect(s.budget().PausedUntil).To(BeNil())
			})
		}
	}
}

func TestATokenWithoutTheScopeIsToldByGitHubsHeader(t *testing.T) {
	answer := refusal(t, "branch-protection", 404)
	scopes := strings.Split(answer.Header.Get("X-OAuth-Scopes"), ", ")
	at := slices.Index(scopes, "repo")
	NewWithT(t).Expect(at).NotTo(Equal(-1))
	answer.Header.Set("X-OAuth-Scopes", strings.Join(slices.Delete(scopes, at, at+1), ", "))

	s := refusing(t, answer)["a user"]
	err := providers.AsError(calls["create"](t, s.client()))
	s.Expect(err.Reason).To(Equal(v1alpha1.ReasonCredentialsInvalid))
	s.Expect(err.Message).To(ContainSubstring("lacks the scope repo:status"))
	err = providers.AsError(calls["list"](t, s.client()))
	s.Expect(err.Reason).To(Equal(v1alpha1.ReasonRepoNotFound), "whoever sees a public repository can read its statuses")
}

func TestWhatGitHubHasNotFoundOfAnAppIsTold(t *testing.T) {
	answer := refusal(t, "branch-protection", 404)
	s := byApp(t, app, repository)
	s.repeats("GET", "/installation", answer)
	_, err := s.account.Client(t.Context(), repository)
	s.Expect(providers.AsError(err).Reason).To(Equal(v1alpha1.ReasonRepoNotFound))

	s = byApp(t, app, repository)
	client := s.client()
	s.repeats("POST", "/access_tokens", answer)
	for name, call := range calls {
		err := providers.AsError(call(t, client))
		s.Expect(err.Reason).To(Equal(v1alpha1.ReasonCredentialsInvalid), name)
		s.Expect(err.Unknown).To(BeFalse(), "nothing was written")
	}
}

func TestWhatMovedIsNotFollowedToAnotherHost(t *testing.T) {
	for status, names := range map[int][]string{301: {"find", "list"}, 307: {"create", "update"}} {
		answer := refusal(t, "rename-repository", status)
		NewWithT(t).Expect(answer.Header.Get("Location")).To(HavePrefix("https://api.github.com/"))
		for who, s := range refusing(t, answer) {
			for _, name := range names {
				t.Run(who+" "+name, func(t *testing.T) {
					err := providers.AsError(calls[name](t, s.client()))
					s.Expect(err.Reason).To(Equal(v1alpha1.ReasonUnavailable))
					s.Expect(err.Message).To(ContainSubstring("a redirect that is not followed"))
					s.Expect(err.Unknown).To(BeFalse(), "nothing was written")
					s.Expect(s.budget().PausedUntil).To(BeNil())
				})
			}
		}
	}
}

// moved makes GitHub's answer that a repository moved one of the fake: it is there,
// under the repository's number, that the rest of the path goes on.
func (s *stage) moved(status int, method, rest string) (to string) {
	s.t.Helper()
	answer := refusal(s.t, "rename-repository", status)
	body := read[struct{ URL string }](s.t, answer.Body)
	s.Expect(answer.Header.Get("Location")).To(Equal(body.URL))
	number, found := strings.CutPrefix(body.URL, "https://api.github.com")
	s.Expect(found).To(BeTrue())
	to = number + rest
	answer.Header.Set("Location", s.github.URL()+to)
	s.repeats(method, "/repos/"+repository+rest, answer)
	return to
}

func TestWhatMovedIsReadOnTheSameHostAndNotWritten(t *testing.T) {
	run := checkRuns(t)[0]
	s := byApp(t, run.App.ID, repository)
	list := s.moved(301, "GET", "/commits/"+run.HeadSHA+"/check-runs")
	s.repeats("GET", list, listed(run.raw))
	s.moved(307, "POST", "/check-runs")
	s.moved(307, "PATCH", "/check-runs/7")

	listing, err := s.client().List(t.Context(), providers.Commit{Repository: repository, SHA: run.HeadSHA}, "")
	s.Expect(err).NotTo(HaveOccurred())
	s.Expect(listing.Statuses).To(HaveKey(run.Name))
	for _, name := range []string{"create", "update"} {
		failed := providers.AsError(calls[name](t, s.client()))
		s.Expect(failed.Reason).To(Equal(v1alpha1.ReasonMoved), name)
		s.Expect(failed.Unknown).To(BeFalse(), "nothing was written")
	}
	var there []string
	for _, call := range s.github.Calls() {
		if strings.HasPrefix(call.Path, "/repositories/") {
			there = append(there, call.Method+" "+call.Path)
			s.Expect(call.App).To(Equal(run.App.ID), "the credential goes along")
		}
	}
	s.Expect(there).To(Equal([]string{"GET " + list}))
	s.Expect(s.budget().PausedUntil).To(BeNil())
}
