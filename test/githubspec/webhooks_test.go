package githubspec_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
	"github.com/argoproj-labs/commit-status-hub/test/githubspec"
	"github.com/argoproj-labs/commit-status-hub/test/scm/github"
)

// object is any JSON object.
type object = map[string]any

// checkRun is a check run in a webhook that GitHub sent.
type checkRun struct {
	of         string // sender, action and number
	action     string
	repository string
	raw        json.RawMessage

	ID         int64  `json:"id"`
	Name       string `json:"name"`
	HeadSHA    string `json:"head_sha"`
	ExternalID string `json:"external_id"`
	DetailsURL string `json:"details_url"`
	Status     string `json:"status"`
	Conclusion string `json:"conclusion"`
	App        struct {
		ID          int64  `json:"id"`
		ExternalURL string `json:"external_url"`
	} `json:"app"`
	Output struct {
		Title, Summary, Text string
		Annotations          int `json:"annotations_count"`
	} `json:"output"`
}

// oldTime is how the webhooks of 2018 spell when an App was made. GitHub's description
// does not allow it (format: date-time), and the later webhooks do not have it.
var oldTime = regexp.MustCompile(`"(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)"`)

// checkRuns are those in the webhooks.
func checkRuns(t *testing.T) []checkRun {
	t.Helper()
	var all []checkRun
	for i, w := range fetched(t, "GitHub's own webhooks", githubspec.Webhooks) {
		if w.Event != "check_run" {
			continue
		}
		payload := read[struct {
			Action     string
			CheckRun   json.RawMessage `json:"check_run"`
			Repository struct {
				FullName string `json:"full_name"`
			}
		}](t, oldTime.ReplaceAll(w.Payload, []byte(`"${1}T${2}Z"`)))
		run := read[checkRun](t, payload.CheckRun)
		run.of, run.action = fmt.Sprintf("%s %s %d", w.Sender, payload.Action, i), payload.Action
		run.repository, run.raw = payload.Repository.FullName, payload.CheckRun
		all = append(all, run)
	}
	return all
}

// with is the run as an answer, after edit.
func (r checkRun) with(t *testing.T, edit func(object)) json.RawMessage {
	t.Helper()
	run := read[object](t, r.raw)
	edit(run)
	return written(t, run)
}

// listed is GitHub's answer that lists runs.
func listed(runs ...json.RawMessage) githubspec.Exchange {
	texts := make([]string, 0, len(runs))
	for _, run := range runs {
		texts = append(texts, string(run))
	}
	body := fmt.Sprintf(`{"total_count":%d,"check_runs":[%s]}`, len(runs), strings.Join(texts, ","))
	return githubspec.Exchange{Status: 200, Body: json.RawMessage(body)}
}

// phases are what the statuses and conclusions in the webhooks mean. neutral is
// none of ours, although it lets a gate of GitHub's pass.
var phases = map[string]v1alpha1.Phase{
	"queued ":           v1alpha1.PhaseQueued,
	"in_progress ":      v1alpha1.PhaseInProgress,
	"completed success": v1alpha1.PhaseSuccess,
	"completed failure": v1alpha1.PhaseFailure,
	"completed neutral": "neutral",
}

// shown is what the provider has to read in a run: no URL, since in each of the
// webhooks it is the App's home page, or missing.
func (r checkRun) shown(g *WithT) providers.Shown {
	phase, ok := phases[r.Status+" "+r.Conclusion]
	g.Expect(ok).To(BeTrue(), "it is not said what %s %s means", r.Status, r.Conclusion)
	g.Expect(r.DetailsURL).To(BeElementOf("", r.App.ExternalURL), "it is not said which URL that is")
	return providers.Shown{
		Status:     providers.Status{Phase: phase, Description: r.Output.Summary},
		Handle:     v1alpha1.ProviderHandle{GitHub: &v1alpha1.GitHubHandle{CheckRunID: r.ID}},
		DefaultURL: r.DetailsURL,
	}
}

func TestTheWebhooksShowWhatTheTestsNeed(t *testing.T) {
	g := NewWithT(t)
	seen := map[string]bool{}
	for _, run := range checkRuns(t) {
		seen[run.action] = true
		seen[run.Status+" "+run.Conclusion] = true
		seen["a description"] = seen["a description"] || run.Output.Summary != ""
	}
	for _, what := range []string{"created", "completed", "rerequested", "requested_action", "a description"} {
		g.Expect(seen).To(HaveKey(what))
	}
	for what := range phases {
		g.Expect(seen).To(HaveKey(what))
	}
}

func TestTheProviderReadsTheCheckRunsThatGitHubSent(t *testing.T) {
	for _, run := range checkRuns(t) {
		t.Run(run.of, func(t *testing.T) {
			s := byApp(t, run.App.ID, run.repository)
			s.repeats("GET", "/commits/"+run.HeadSHA+"/check-runs", listed(run.raw))
			want := run.shown(s.WithT)

			listing, err := s.client().List(t.Context(), providers.Commit{Repository: run.repository, SHA: run.HeadSHA}, "")
			s.Expect(err).NotTo(HaveOccurred())
			s.Expect(listing.Statuses).To(Equal(map[string]providers.Listed{run.Name: {Shown: want, ExternalID: run.ExternalID}}))
			s.Expect(listing.Marked).To(BeTrue())

			at := providers.Target{Repository: run.repository, SHA: run.HeadSHA, Name: run.Name, ExternalID: run.ExternalID}
			found, err := s.client().Find(t.Context(), at)
			s.Expect(err).NotTo(HaveOccurred())
			s.Expect(found).To(Equal(&want))
			if found.Phase.Known() {
				s.Expect(s.account.Next(found, found.Status)).To(Equal(providers.StepNone), "what is shown need not be written")
			}

			at.ExternalID = "0123456789abcdef"
			found, err = s.client().Find(t.Context(), at)
			s.Expect(err).NotTo(HaveOccurred())
			s.Expect(found).To(BeNil(), "it does not carry the mark of another target")
		})
	}
}

func TestTheProviderReadsWhatOthersWouldHaveGivenAlong(t *testing.T) {
	for _, run := range checkRuns(t) {
		t.Run(run.of, func(t *testing.T) {
			s := byApp(t, run.App.ID, run.repository)
			s.repeats("GET", "/check-runs", listed(run.with(t, func(run object) {
				run["app"].(object)["external_url"] = "https://home.example.com"
				run["external_id"] = "0123456789abcdef"
			})))
			want := run.shown(s.WithT)
			want.URL, want.DefaultURL = run.DetailsURL, ""

			found, err := s.client().Find(t.Context(), providers.Target{
				Repository: run.repository, SHA: run.HeadSHA, Name: run.Name, ExternalID: "0123456789abcdef",
			})
			s.Expect(err).NotTo(HaveOccurred())
			s.Expect(found).To(Equal(&want))
			listing, err := s.client().List(t.Context(), providers.Commit{Repository: run.repository, SHA: run.HeadSHA}, "")
			s.Expect(err).NotTo(HaveOccurred())
			s.Expect(listing.Statuses[run.Name].ExternalID).To(Equal("0123456789abcdef"))
		})
	}
}

func TestTheProviderSeesTheRunsOfItsAppAlone(t *testing.T) {
	all := checkRuns(t)
	raw := make([]json.RawMessage, 0, len(all))
	for _, run := range all {
		raw = append(raw, run.raw)
	}
	list := func(t *testing.T, appID int64, of checkRun) map[string]providers.Listed {
		s := byApp(t, appID, of.repository)
		s.repeats("GET", "/check-runs", listed(raw...))
		listing, err := s.client().List(t.Context(), providers.Commit{Repository: of.repository, SHA: of.HeadSHA}, "")
		s.Expect(err).NotTo(HaveOccurred())
		s.Expect(s.requests(github.OpListCheckRuns)).To(HaveLen(1))
		return listing.Statuses
	}
	tried := map[string]bool{}
	for _, run := range all {
		if tried[run.HeadSHA] {
			continue
		}
		tried[run.HeadSHA] = true
		t.Run(run.of, func(t *testing.T) {
			g := NewWithT(t)
			g.Expect(list(t, 1+run.App.ID, run)).To(BeEmpty())
			ours := list(t, run.App.ID, run)
			g.Expect(ours).To(HaveLen(1))
			g.Expect(ours[run.Name].Handle.GitHub.CheckRunID).To(Equal(run.ID))
		})
	}
	NewWithT(t).Expect(len(tried)).To(BeNumerically(">", 2), "there are runs of several Apps")
}

func TestTheProviderReadsARunThatGitHubAnswersToAWrite(t *testing.T) {
	for _, run := range checkRuns(t) {
		if run.action != "created" && run.action != "completed" {
			continue
		}
		t.Run(run.of, func(t *testing.T) {
			s := byApp(t, run.App.ID, run.repository)
			s.repeats("POST", "/check-runs", githubspec.Exchange{Status: 201, Body: run.raw})
			s.repeats("PATCH", fmt.Sprintf("/check-runs/%d", run.ID), githubspec.Exchange{Status: 200, Body: run.raw})
			want := run.shown(s.WithT)

			at := providers.Target{Repository: run.repository, SHA: run.HeadSHA, Name: run.Name, ExternalID: "0123456789abcdef"}
			shown, err := s.client().Create(t.Context(), at, want.Status)
			s.Expect(err).NotTo(HaveOccurred())
			s.Expect(shown).To(Equal(want))
			shown, err = s.client().Update(t.Context(), at, shown, want.Status)
			s.Expect(err).NotTo(HaveOccurred())
			s.Expect(shown).To(Equal(want))
		})
	}
}
