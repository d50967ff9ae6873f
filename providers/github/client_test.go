package github

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
	"github.com/argoproj-labs/commit-status-hub/test/providercontract"
	fake "github.com/argoproj-labs/commit-status-hub/test/scm/github"
)

func TestEveryPhaseIsReachedFromEveryOtherWithOneWrite(t *testing.T) {
	b := newBench(t)
	c := b.Client(repository)
	for _, from := range phases {
		for _, to := range phases {
			t.Run(fmt.Sprintf("%s to %s", from, to), func(t *testing.T) {
				g := NewWithT(t)
				target := at(fmt.Sprintf("%s-%s", from, to))
				before := b.Step(c, target, nil, providers.Status{Phase: from})
				writes := len(b.github.Writes())

				want := providers.Status{Phase: to, Description: "now " + string(to), URL: "https://ci.example.com/1"}
				after := b.Step(c, target, &before, want)

				g.Expect(b.github.Writes()).To(HaveLen(writes + 1))
				g.Expect(after.Status).To(Equal(want))
				run := b.newest(target.Name)
				g.Expect(run.ID).To(Equal(runID(after)))
				g.Expect(read(run.Status, run.Conclusion)).To(Equal(to))
				g.Expect(run.Summary).To(Equal(want.Description))
				g.Expect(run.DetailsURL).To(Equal(want.URL))
				same := Equal(runID(before))
				if from.Terminal() && !to.Terminal() {
					same = Not(same)
				}
				g.Expect(runID(after)).To(same, "a new run if and only if it is reopened")
				g.Expect(b.Account.Next(&after, want)).To(Equal(providers.StepNone))
			})
		}
	}
}

func TestARunSaysNoMoreThanThereIsToSay(t *testing.T) {
	b := newBench(t)
	shown, err := b.Client(repository).Create(b.Ctx(), at("quiet"), providers.Status{Phase: v1alpha1.PhaseQueued})
	b.Expect(err).NotTo(HaveOccurred())
	b.Expect(shown.Status).To(Equal(providers.Status{Phase: v1alpha1.PhaseQueued}), "the App's home page is no URL of ours")
	var body map[string]any
	b.Expect(json.Unmarshal(b.github.Writes()[0].RequestBody, &body)).To(Succeed())
	b.Expect(body).To(Equal(map[string]any{"name": "quiet", "head_sha": sha, "status": "queued", "external_id": "csh:quiet"}))
	b.Expect(b.github.Writes()[0].RequestHeader.Get("User-Agent")).To(Equal("commit-status-hub"))
}

func TestAURLThatGitHubChoseIsNotTakenForOurs(t *testing.T) {
	const home = "https://hub.example.com"
	for name, tc := range map[string]struct{ want, shown, read string }{
		"another one, none wanted":       {"", "https://github.com/acme/shop/elsewhere", ""},
		"the home page, none wanted":     {"", home + "/", ""},
		"the home page, which is wanted": {home, home, home},
		"another one than wanted":        {"https://ci.example.com/1", "https://ci.example.com/2", "https://ci.example.com/2"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.github.Inject(fake.Fault{
				Match: withMethod("POST", "check-runs"), Status: 201,
				Body: `{"id":1,"status":"queued","details_url":"` + tc.shown + `","app":{"id":12345,"external_url":"` + home + `"}}`,
			})
			shown, err := b.Client(repository).Create(b.Ctx(), at("x"), providers.Status{Phase: v1alpha1.PhaseQueued, URL: tc.want})
			b.Expect(err).NotTo(HaveOccurred())
			b.Expect(shown.URL).To(Equal(tc.read))
		})
	}
}

func TestWhatCannotBeEmptiedIsMadeAnew(t *testing.T) {
	full := providers.Status{Phase: v1alpha1.PhaseInProgress, Description: "d", URL: "https://ci.example.com/1"}
	for name, want := range map[string]providers.Status{
		"description": {Phase: full.Phase, URL: full.URL},
		"URL":         {Phase: full.Phase, Description: full.Description},
		"both":        {Phase: v1alpha1.PhaseSuccess},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			c := b.Client(repository)
			before := b.Step(c, at("x"), nil, full)
			after := b.Step(c, at("x"), &before, want)
			b.Expect(after.Status).To(Equal(want))
			b.Expect(b.Account.Next(&after, want)).To(Equal(providers.StepNone), "or it would go on for ever")
			run := b.newest("x")
			b.Expect(run.ID).To(Equal(runID(after)))
			b.Expect(run.Summary).To(Equal(want.Description))
			b.Expect(run.DetailsURL).To(Equal(want.URL))
			read, err := c.Find(b.Ctx(), at("x"))
			b.Expect(err).NotTo(HaveOccurred())
			b.Expect(read.Status).To(Equal(want))
		})
	}
}

func TestALongDescriptionArrivesCut(t *testing.T) {
	b := newBench(t)
	want := providers.Status{Phase: v1alpha1.PhaseFailure, Description: strings.Repeat("ä", 60000)}
	shown := b.Step(b.Client(repository), at("long"), nil, want)
	b.Expect(shown.Description).To(HaveSuffix("…"))
	b.Expect(shown.Status).To(Equal(b.Account.Render(want)))
	b.Expect(b.newest("long").Title).To(HaveSuffix("…"))
}

func TestALostAnswerIsFoundByItsExternalID(t *testing.T) {
	b := newBench(t)
	c := b.Client(repository)
	b.github.Inject(fake.Fault{Match: withMethod("POST", "check-runs"), DropAfter: true})
	want := providers.Status{Phase: v1alpha1.PhaseSuccess, Description: "done"}
	_, err := c.Create(b.Ctx(), at("lost"), want)
	e := b.Fails(err, v1alpha1.ReasonUnavailable)
	b.Expect(e.Unknown).To(BeTrue())
	b.Expect(b.github.Writes()).To(HaveLen(1), "it must not be sent again by itself")

	shown, err := c.Find(b.Ctx(), at("lost"))
	b.Expect(err).NotTo(HaveOccurred())
	b.Expect(shown).NotTo(BeNil())
	b.Expect(shown.Status).To(Equal(want))
	b.Expect(runID(*shown)).To(Equal(b.newest("lost").ID))
}

func TestFindTakesTheNewestOfOurs(t *testing.T) {
	b := newBench(t)
	c := b.Client(repository)
	shown, err := c.Find(b.Ctx(), at("x"))
	b.Expect(err).NotTo(HaveOccurred())
	b.Expect(shown).To(BeNil())

	other := at("x")
	other.ExternalID = "somebody else's"
	_, err = c.Create(b.Ctx(), at("x"), providers.Status{Phase: v1alpha1.PhaseSuccess})
	b.Expect(err).NotTo(HaveOccurred())
	newest, err := c.Create(b.Ctx(), at("x"), providers.Status{Phase: v1alpha1.PhaseQueued})
	b.Expect(err).NotTo(HaveOccurred())
	_, err = c.Create(b.Ctx(), other, providers.Status{Phase: v1alpha1.PhaseFailure})
	b.Expect(err).NotTo(HaveOccurred())

	shown, err = c.Find(b.Ctx(), at("x"))
	b.Expect(err).NotTo(HaveOccurred())
	b.Expect(*shown).To(Equal(newest))
}

func TestFindReadsEveryPage(t *testing.T) {
	b := newBench(t)
	c := b.Client(repository)
	first, err := c.Create(b.Ctx(), at("x"), providers.Status{Phase: v1alpha1.PhaseQueued})
	b.Expect(err).NotTo(HaveOccurred())
	other := at("x")
	other.ExternalID = "other"
	for range 100 {
		_, err := c.Create(b.Ctx(), other, providers.Status{Phase: v1alpha1.PhaseQueued})
		b.Expect(err).NotTo(HaveOccurred())
	}
	shown, err := c.Find(b.Ctx(), at("x"))
	b.Expect(err).NotTo(HaveOccurred())
	b.Expect(shown).To(Equal(&first))
	b.Expect(providercontract.Count(b.github, opList)).To(Equal(2))
}

func TestAStrangersEditIsRead(t *testing.T) {
	b := newBench(t)
	c := b.Client(repository)
	want := providers.Status{Phase: v1alpha1.PhaseSuccess, Description: "d", URL: "https://ci.example.com/1"}
	mine := b.Step(c, at("x"), nil, want)
	b.github.EditCheckRun(runID(mine), func(r *fake.CheckRun) { r.Conclusion, r.Summary = "neutral", "e" })
	shown, err := c.Find(b.Ctx(), at("x"))
	b.Expect(err).NotTo(HaveOccurred())
	b.Expect(shown.Status).To(Equal(providers.Status{Phase: "neutral", Description: "e", URL: want.URL}))
	b.Expect(b.Account.Next(shown, want)).To(Equal(providers.StepUpdate))
}

func TestWhatIsNotThereIsToldApart(t *testing.T) {
	b := newBench(t)
	c := b.Client(repository)
	unknown := at("x")
	unknown.SHA = strings.Repeat("0", 40)
	_, err := c.Create(b.Ctx(), unknown, providers.Status{Phase: v1alpha1.PhaseQueued})
	b.Expect(b.Fails(err, v1alpha1.ReasonCommitNotFound).Unknown).To(BeFalse())
	_, err = c.Find(b.Ctx(), unknown)
	_ = b.Fails(err, v1alpha1.ReasonCommitNotFound)

	shown := b.Step(c, at("x"), nil, providers.Status{Phase: v1alpha1.PhaseQueued})
	shown.Handle.GitHub.CheckRunID++
	_, err = c.Update(b.Ctx(), at("x"), shown, providers.Status{Phase: v1alpha1.PhaseSuccess})
	gone := b.Fails(err, v1alpha1.ReasonRepoNotFound)
	b.Expect(gone.Stale).To(BeTrue(), "only a look tells what is gone")
	b.Expect(gone.Unknown).To(BeFalse(), "nothing was sent that could still land")

	b.github.RemoveRepo(repository)
	_, err = c.Create(b.Ctx(), at("x"), providers.Status{Phase: v1alpha1.PhaseQueued})
	e := b.Fails(err, v1alpha1.ReasonRepoNotFound)
	b.Expect(e.Message).To(ContainSubstring("acme/shop"))
}

func TestWhatIsNoStatusIsNotSent(t *testing.T) {
	b := newBench(t)
	c := b.Client(repository)
	_, err := c.Create(b.Ctx(), at("x"), providers.Status{Phase: "skipped"})
	_ = b.Fails(err, v1alpha1.ReasonInvalid)
	_, err = c.Update(b.Ctx(), at("x"), providers.Shown{}, providers.Status{Phase: v1alpha1.PhaseQueued})
	_ = b.Fails(err, v1alpha1.ReasonInvalid)
	b.Expect(b.github.Writes()).To(BeEmpty())

	_, err = c.Create(b.Ctx(), at("x"), providers.Status{Phase: v1alpha1.PhaseQueued, URL: "ftp://ci.example.com"})
	b.Expect(b.Fails(err, v1alpha1.ReasonInvalid).Message).To(ContainSubstring("details_url"))
}

func TestAMissingPermissionIsNamed(t *testing.T) {
	b := newBench(t)
	b.github.Install(app, installation, "acme", fake.WithoutChecksWrite())
	_, err := b.Client(repository).Create(b.Ctx(), at("x"), providers.Status{Phase: v1alpha1.PhaseQueued})
	e := b.Fails(err, v1alpha1.ReasonCredentialsInvalid)
	b.Expect(e.Message).To(Equal("installation 678 of GitHub App 12345 lacks the permission checks:write in acme/shop"))
	id, _ := b.Account.Lane(repository)
	b.Expect(b.Installations.Get(id).PausedUntil()).To(BeZero())
}

func TestAnotherAppsRunIsLeftAlone(t *testing.T) {
	b := newBench(t)
	mine := b.Step(b.Client(repository), at("x"), nil, providers.Status{Phase: v1alpha1.PhaseQueued})
	pem := b.github.AddApp(99)
	b.github.Install(99, 100, "acme")
	p := b.Provider.DeepCopy()
	p.Spec.GitHub.AppID = 99
	stranger, err := b.open(p, pem).Client(b.Ctx(), repository)
	b.Expect(err).NotTo(HaveOccurred())
	_, err = stranger.Update(b.Ctx(), at("x"), mine, providers.Status{Phase: v1alpha1.PhaseSuccess})
	e := b.Fails(err, v1alpha1.ReasonCredentialsInvalid)
	b.Expect(e.Message).To(ContainSubstring("made by another GitHub App"))
	shown, err := stranger.Find(b.Ctx(), at("x"))
	b.Expect(err).NotTo(HaveOccurred())
	b.Expect(shown).To(BeNil())
}
