package gitlab

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
	"github.com/argoproj-labs/commit-status-hub/test/providercontract"
	fake "github.com/argoproj-labs/commit-status-hub/test/scm/gitlab"
)

// bodyOf is what a write sent.
func (b *bench) bodyOf(call fake.Call) map[string]any {
	b.T.Helper()
	var body map[string]any
	b.Expect(json.Unmarshal(call.RequestBody, &body)).To(Succeed())
	return body
}

func TestARequestSaysNoMoreThanThereIsToSay(t *testing.T) {
	b := newBench(t)
	shown := b.Step(b.Client(repository), at("quiet"), nil, queued)
	b.Expect(shown.Status).To(Equal(queued))
	call := b.gitlab.Writes()[0]
	b.Expect(call.Path).To(HaveSuffix("/projects/acme%2Fplatform%2Fshop/statuses/" + sha))
	b.Expect(b.bodyOf(call)).To(Equal(map[string]any{"name": "quiet", "state": "pending"}))
	b.Expect(call.RequestHeader.Get("User-Agent")).To(Equal("commit-status-hub"))
}

func TestCreate_AddsToTheNewestPipeline_UpdateStaysInItsOwn(t *testing.T) {
	b := newBench(t)
	c := b.Client(repository)
	open := b.Step(c, at("x"), nil, queued)
	done := b.Step(c, at("y"), nil, providers.Status{Phase: v1alpha1.PhaseSuccess})
	first := open.Handle.GitLab.PipelineID
	b.gitlab.AddPipeline(repository, sha, "main")
	newest := b.gitlab.AddPipeline(repository, sha, "release")

	open = b.Step(c, at("x"), &open, providers.Status{Phase: v1alpha1.PhaseInProgress})
	b.Expect(open.Handle.GitLab.PipelineID).To(Equal(first), "it is not over: GitLab finds it there alone")
	open = b.Step(c, at("x"), &open, providers.Status{Phase: v1alpha1.PhaseSuccess})
	b.Expect(open.Handle.GitLab.PipelineID).To(Equal(first))
	b.Expect(b.bodyOf(b.gitlab.Writes()[3])).To(HaveKeyWithValue("pipeline_id", BeEquivalentTo(first)))

	for name, over := range map[string]*providers.Shown{"x": &open, "y": &done, "z": nil} {
		again := b.Step(c, at(name), over, queued)
		b.Expect(again.Handle.GitLab.PipelineID).To(Equal(newest), name)
	}
	for _, call := range b.gitlab.Writes()[4:] {
		b.Expect(b.bodyOf(call)).To(And(Not(HaveKey("ref")), Not(HaveKey("pipeline_id"))))
	}
	b.noneRefused()
}

func TestUpdate_FindsThePipelineInTheHandle_AfterARestart(t *testing.T) {
	b := newBench(t)
	shown := b.Step(b.Client(repository), at("x"), nil, queued)
	b.gitlab.AddPipeline(repository, sha, "main")
	kind := newKind(t)
	b.Kind, b.Installations = kind, kind.installations
	b.Account = b.open(b.Provider, b.token)
	kept := providers.Shown{Status: shown.Status, Handle: *shown.Handle.DeepCopy()}
	now := b.Step(b.Client(repository), at("x"), &kept, providers.Status{Phase: v1alpha1.PhaseInProgress})
	b.Expect(statusID(now)).To(Equal(statusID(shown)))
	found, err := b.Client(repository).Find(b.Ctx(), at("x"))
	b.Expect(err).NotTo(HaveOccurred())
	b.Expect(found).To(Equal(&now))
	b.noneRefused()
}

func TestUpdate_InAPipelineThatIsGone_AsksForALook(t *testing.T) {
	b := newBench(t)
	c := b.Client(repository)
	shown := b.Step(c, at("x"), nil, queued)
	b.gitlab.DeletePipeline(shown.Handle.GitLab.PipelineID)
	_, err := c.Update(b.Ctx(), at("x"), shown, providers.Status{Phase: v1alpha1.PhaseSuccess})
	e := b.Fails(err, v1alpha1.ReasonUnavailable)
	b.Expect(e.Stale).To(BeTrue(), "only a look tells what is left")
	b.Expect(e.Message).To(ContainSubstring("does not exist any more"))
	found, err := c.Find(b.Ctx(), at("x"))
	b.Expect(err).NotTo(HaveOccurred())
	b.Expect(found).To(BeNil())
	b.Step(c, at("x"), nil, providers.Status{Phase: v1alpha1.PhaseSuccess})
}

func TestALostAnswerIsFoundByNameAndUser(t *testing.T) {
	for _, phase := range phases {
		t.Run(string(phase), func(t *testing.T) {
			b := newBench(t)
			c := b.Client(repository)
			want := providers.Status{Phase: phase, Description: "done", URL: ciURL}
			b.gitlab.Inject(fake.Fault{Match: writes, DropAfter: true})
			_, err := c.Create(b.Ctx(), at("lost"), want)
			b.Expect(b.Fails(err, v1alpha1.ReasonUnavailable).Unknown).To(BeTrue())
			b.Expect(b.gitlab.Writes()).To(HaveLen(1), "it must not be sent again by itself")
			found, err := c.Find(b.Ctx(), at("lost"))
			b.Expect(err).NotTo(HaveOccurred())
			b.Expect(found.Status).To(Equal(want))
			b.Expect(statusID(*found)).To(Equal(b.newest("lost").ID))
			b.Expect(b.Account.Next(found, want)).To(Equal(providers.StepNone))
			b.noneRefused()
		})
	}
}

func TestFindTakesTheNewestOfOurs(t *testing.T) {
	b := newBench(t)
	c := b.Client(repository)
	found, err := c.Find(b.Ctx(), at("x"))
	b.Expect(err).NotTo(HaveOccurred())
	b.Expect(found).To(BeNil())

	theirs := fake.Status{Project: repository, SHA: sha, Name: "x", State: "failed", User: "somebody"}
	b.gitlab.AddStatus(theirs)
	found, err = c.Find(b.Ctx(), at("x"))
	b.Expect(err).NotTo(HaveOccurred())
	b.Expect(found).To(BeNil(), "somebody else's is not ours")

	shown := b.Step(c, at("x"), nil, providers.Status{Phase: v1alpha1.PhaseSuccess})
	shown = b.Step(c, at("x"), &shown, queued)
	b.gitlab.AddStatus(theirs)
	b.Step(c, at("X"), nil, queued)
	found, err = c.Find(b.Ctx(), at("x"))
	b.Expect(err).NotTo(HaveOccurred())
	b.Expect(*found).To(Equal(shown), "one that somebody else's hides goes on")
	b.Step(c, at("x"), found, providers.Status{Phase: v1alpha1.PhaseInProgress})

	// In another pipeline, by the same user.
	b.gitlab.AddStatus(fake.Status{Project: repository, SHA: sha, Ref: "release", Name: "x", State: "success", User: bot})
	found, err = c.Find(b.Ctx(), at("x"))
	b.Expect(err).NotTo(HaveOccurred())
	b.Expect(found.Phase).To(Equal(v1alpha1.PhaseSuccess))
	b.noneRefused()
}

func TestEveryPageIsRead(t *testing.T) {
	b := newBench(t)
	c := b.Client(repository)
	shown := b.Step(c, at("first"), nil, queued)
	for i := range 130 {
		b.gitlab.AddStatus(fake.Status{Project: repository, SHA: sha, Name: fmt.Sprintf("n%d", i%120), State: "success", User: bot})
	}
	for range 101 {
		b.gitlab.AddStatus(fake.Status{Project: repository, SHA: sha, Name: "first", State: "success", User: "somebody"})
	}
	listing, err := c.List(b.Ctx(), providers.Commit{Repository: repository, SHA: sha}, "some tag")
	b.Expect(err).NotTo(HaveOccurred())
	b.Expect(listing.Statuses).To(HaveLen(121))
	b.Expect(listing.Statuses["first"].Shown).To(Equal(shown))
	b.Expect(listing.Tag).To(BeEmpty())
	b.Expect(listing.Unchanged || listing.Marked).To(BeFalse())
	b.Expect(providercontract.Count(b.gitlab, fake.OpListStatuses)).To(Equal(3))

	found, err := c.Find(b.Ctx(), at("first"))
	b.Expect(err).NotTo(HaveOccurred())
	b.Expect(*found).To(Equal(shown))
	b.Expect(providercontract.Count(b.gitlab, fake.OpListStatuses)).To(Equal(5))
}

func TestAListThatNeverEndsIsGivenUp(t *testing.T) {
	b := newBench(t)
	c := b.Client(repository)
	self := fake.Fault{Times: -1, Status: 200, Body: `[]`, Header: http.Header{"X-Next-Page": {"2"}}}
	b.gitlab.Inject(self)
	_, err := c.List(b.Ctx(), providers.Commit{Repository: repository, SHA: sha}, "")
	b.Expect(err).NotTo(HaveOccurred(), "a page that leads to itself is the last one")
	b.Expect(providercontract.Count(b.gitlab, fake.OpListStatuses)).To(Equal(2))

	b.gitlab.ClearFaults()
	for page := range 60 {
		b.gitlab.Inject(fake.Fault{Status: 200, Body: `[]`, Header: http.Header{"X-Next-Page": {fmt.Sprint(page + 2)}}})
	}
	_, err = c.List(b.Ctx(), providers.Commit{Repository: repository, SHA: sha}, "")
	b.Expect(b.Fails(err, v1alpha1.ReasonUnavailable).Message).To(HaveSuffix("more than 50 pages of statuses of one commit"))
}

func TestAStrangersEditIsRead(t *testing.T) {
	b := newBench(t)
	c := b.Client(repository)
	want := providers.Status{Phase: v1alpha1.PhaseFailure, Description: "d", URL: ciURL}
	b.Step(c, at("x"), nil, want)
	b.gitlab.AddStatus(fake.Status{Project: repository, SHA: sha, Name: "x", State: "skipped", User: bot, Description: "e"})
	listing, err := c.List(b.Ctx(), providers.Commit{Repository: repository, SHA: sha}, "")
	b.Expect(err).NotTo(HaveOccurred())
	shown := listing.Statuses["x"].Shown
	b.Expect(shown.Status).To(Equal(providers.Status{Phase: "skipped", Description: "e"}))
	b.Expect(b.Account.Next(&shown, want)).To(Equal(providers.StepCreate))
}

func TestSomebodyElsesTransitionIsLookedUp(t *testing.T) {
	b := newBench(t)
	c := b.Client(repository)
	shown := b.Step(c, at("x"), nil, queued)
	b.gitlab.AddStatus(fake.Status{Project: repository, SHA: sha, Name: "x", State: "running", User: bot})
	want := providers.Status{Phase: v1alpha1.PhaseInProgress, Description: "d"}
	_, err := c.Update(b.Ctx(), at("x"), shown, want)
	e := b.Fails(err, v1alpha1.ReasonUnavailable)
	b.Expect(e.Stale).To(BeTrue())
	b.Expect(e.Message).To(Equal(`somebody else has changed the status: Cannot transition status via :run from :running (Reason(s): Status cannot transition via "run")`))
	found, err := c.Find(b.Ctx(), at("x"))
	b.Expect(err).NotTo(HaveOccurred())
	b.Expect(b.Account.Next(found, want)).To(Equal(providers.StepUnsupported))
}

func TestOddNamesAndLongestFieldsArrive(t *testing.T) {
	b := newBench(t)
	c := b.Client(repository)
	want := providers.Status{
		Phase: v1alpha1.PhaseSuccess, Description: strings.Repeat("😀", 65535), URL: ciURL + "/" + strings.Repeat("%C3%A4", 330),
	}
	names := []string{"ümläut / 日本語", "  blanks  ", `"quoted" \`, "100% %2F", "a?b&c#d", "<b>&amp;", strings.Repeat("😀", 255)}
	for _, name := range names {
		shown := b.Step(c, at(name), nil, want)
		b.Expect(shown.Status).To(Equal(b.Account.Render(want)))
		found, err := c.Find(b.Ctx(), at(name))
		b.Expect(err).NotTo(HaveOccurred())
		b.Expect(*found).To(Equal(shown), name)
	}
	listing, err := c.List(b.Ctx(), providers.Commit{Repository: repository, SHA: sha}, "")
	b.Expect(err).NotTo(HaveOccurred())
	for _, name := range names {
		b.Expect(listing.Statuses).To(HaveKey(name))
	}
	b.noneRefused()
}

func TestAPathCountsInAnyCase(t *testing.T) {
	b := newBench(t)
	shown := b.Step(b.Client("ACME/Platform/Shop"), at("x"), nil, queued)
	shown = b.Step(b.Client(repository), at("x"), &shown, providers.Status{Phase: v1alpha1.PhaseSuccess})
	b.Expect(b.rows("x")).To(HaveLen(1))
	dotted := "Acme/my.group/my.shop-2"
	b.gitlab.AddProject(dotted, sha)
	b.gitlab.AddMember(dotted, bot, fake.Developer)
	b.Step(b.Client(dotted), at("x"), nil, queued)
	b.Expect(b.gitlab.Statuses(dotted, sha)).To(HaveLen(1))
	b.Expect(shown.Phase).To(Equal(v1alpha1.PhaseSuccess))
	b.noneRefused()
}

func TestMessagesOfOneCauseAreTheSame(t *testing.T) {
	b := newBench(t)
	c := b.Client(repository)
	var messages []string
	b.gitlab.Inject(fake.Fault{Match: writes, Times: -1, DropBefore: true})
	for range 5 {
		_, err := c.Create(b.Ctx(), at("x"), queued)
		messages = append(messages, b.Fails(err, v1alpha1.ReasonUnavailable).Message)
	}
	b.Expect(slices.Compact(messages)).To(HaveLen(1))
}
