package providercontract

import (
	"fmt"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/onsi/gomega"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
)

var phases = []v1alpha1.Phase{
	v1alpha1.PhaseQueued, v1alpha1.PhaseInProgress, v1alpha1.PhaseSuccess, v1alpha1.PhaseFailure, v1alpha1.PhaseCanceled,
}

const page = "https://ci.example.com/run/42?a=b&c=%C3%A4#d"

var done = providers.Status{Phase: v1alpha1.PhaseSuccess, Description: "Hydrated 12 apps", URL: page}

func opens(b *Bench) {
	calls, _ := b.sent()
	again := b.Open()
	b.tellsNothingSecret(again)
	b.Expect(again.Writer()).To(gomega.Equal(b.Account.Writer()))
	lane, _ := again.Lane(b.Repository)
	b.Expect(lane).NotTo(gomega.BeEmpty())
	host, err := b.Kind.Host(b.Provider.Spec)
	b.Expect(err).NotTo(gomega.HaveOccurred())
	b.Expect(lane).To(gomega.HavePrefix(host + "/"))
	b.Expect(again.Writer()).To(gomega.HavePrefix(host + "/"))
	now, _ := b.sent()
	b.Expect(now).To(gomega.Equal(calls))
}

// elsewhere opens an SCM behind another path of the host, with a Secret of the same name.
func elsewhere(b *Bench) {
	other := b.Provider.DeepCopy()
	for _, at := range apiURLs(&other.Spec) {
		root, err := url.Parse(string(*at))
		b.Expect(err).NotTo(gomega.HaveOccurred())
		root.Path = "/elsewhere" + root.Path
		*at = v1alpha1.APIURL(root.String())
	}
	host, err := b.Kind.Host(b.Provider.Spec)
	b.Expect(err).NotTo(gomega.HaveOccurred())
	there, err := b.Kind.Host(other.Spec)
	b.Expect(err).NotTo(gomega.HaveOccurred())
	b.Expect(there).To(gomega.Equal(host+"/elsewhere"), "what a key begins with")
	account, err := b.Kind.Open(other, b.Secret)
	b.Expect(err).NotTo(gomega.HaveOccurred())
	b.Expect(account.Writer()).To(gomega.HavePrefix(there + "/"))
	lane, _ := account.Lane(b.Repository)
	b.Expect(lane).To(gomega.HavePrefix(there + "/"))
}

// apiURLs are those that a ScmProvider has.
func apiURLs(spec *v1alpha1.ScmProviderSpec) (all []*v1alpha1.APIURL) {
	if spec.GitHub != nil {
		all = append(all, &spec.GitHub.APIURL)
	}
	if spec.GitLab != nil {
		all = append(all, &spec.GitLab.APIURL)
	}
	if spec.BitbucketCloud != nil {
		all = append(all, &spec.BitbucketCloud.APIURL)
	}
	if spec.BitbucketDataCenter != nil {
		all = append(all, &spec.BitbucketDataCenter.APIURL)
	}
	if spec.Gitea != nil {
		all = append(all, &spec.Gitea.APIURL)
	}
	return all
}

// firstPhases begins with each phase, and looks for it by both ways.
func firstPhases(b *Bench) {
	c := b.client()
	for _, phase := range phases {
		rendered := b.Account.Render(providers.Status{Phase: phase}).Phase
		b.Expect(rendered.Terminal()).To(gomega.Equal(phase.Terminal()), "%s has ended or not", phase)
		b.Expect(rendered == v1alpha1.PhaseSuccess).To(gomega.Equal(phase == v1alpha1.PhaseSuccess), "%s passes a gate or not", phase)
		at, want := b.at("first "+string(phase)), providers.Status{Phase: phase, Description: "as " + string(phase), URL: page}
		b.make(c, at, want)
		b.shows(at, b.Find(c, at), want)
		listed, ok := b.List(c, "").Statuses[at.Name]
		b.Expect(ok).To(gomega.BeTrue(), "%q is listed", at.Name)
		b.shows(at, &listed.Shown, want)
		bare := b.at("bare " + string(phase))
		b.make(c, bare, providers.Status{Phase: phase})
		b.shows(bare, b.Find(c, bare), providers.Status{Phase: phase})
	}
}

// phasesEachToEach goes from each phase to each, the same included, with other
// texts on the way.
func phasesEachToEach(b *Bench) {
	c := b.client()
	for _, from := range phases {
		for _, to := range phases {
			b.change(c, fmt.Sprintf("%s to %s", from, to),
				providers.Status{Phase: from, Description: "was " + string(from), URL: page},
				providers.Status{Phase: to, Description: "now " + string(to), URL: page + "2"})
			b.change(c, fmt.Sprintf("only %s to %s", from, to),
				providers.Status{Phase: from, Description: "same", URL: page},
				providers.Status{Phase: to, Description: "same", URL: page})
		}
	}
}

// change takes a name from one status to another, by the step that the provider
// says. Where it says that there is none, all stays as it was.
func (b *Bench) change(c providers.Client, name string, from, to providers.Status) {
	b.T.Helper()
	at := b.at(name)
	before := b.make(c, at, from)
	after, ok := b.bring(c, at, &before, to)
	if !ok {
		b.Expect(b.Account.Render(from)).NotTo(gomega.Equal(b.Account.Render(to)), "%q has nothing to do", name)
		b.shows(at, &after, from)
		return
	}
	b.shows(at, &after, to)
	b.shows(at, b.Find(c, at), to)
}

// fields changes, empties and fills what a status says while its phase stays.
func fields(b *Bench) {
	c := b.client()
	for _, phase := range phases {
		full := providers.Status{Phase: phase, Description: "one", URL: page}
		for name, to := range map[string]providers.Status{
			"description":     {Phase: phase, Description: "two", URL: page},
			"no description":  {Phase: phase, URL: page},
			"URL":             {Phase: phase, Description: "one", URL: page + "2"},
			"no URL":          {Phase: phase, Description: "one"},
			"neither of them": {Phase: phase},
		} {
			b.change(c, fmt.Sprintf("%s: %s", phase, name), full, to)
			b.change(c, fmt.Sprintf("%s: back from %s", phase, name), to, full)
		}
	}
}

// idempotent asks for what is shown already, also of an account that was opened
// since and knows no more than what a CommitStatus's status has kept.
func idempotent(b *Bench) {
	c, at := b.client(), b.at("again")
	for _, phase := range phases {
		want := providers.Status{Phase: phase, Description: "d", URL: page}
		at.Name = "again " + string(phase)
		shown := b.make(c, at, want)
		calls, _ := b.sent()
		kept := providers.Shown{Status: shown.Status, Handle: *shown.Handle.DeepCopy()}
		b.Expect(b.Open().Next(&kept, want)).To(gomega.Equal(providers.StepNone))
		now, _ := b.sent()
		b.Expect(now).To(gomega.Equal(calls))
		b.Expect(b.All(at)).To(gomega.HaveLen(1))
	}
}

func oddNames(b *Bench) {
	c := b.client()
	var names []string
	for _, name := range []string{
		"🚀 rocket", "ümläut / 日本語", `"quoted" 'twice' \back`, "a/b/../c//d", "  leading blanks", "100% %25 %2F", "a?b=c&d=e#f", "<b>&amp;</b>", "-dash", "+plus+", ".", "true", "null", "1",
	} {
		at := b.at(name)
		b.make(c, at, done)
		b.shows(at, b.Find(c, at), done)
		b.Expect(b.All(at)).To(gomega.HaveLen(1))
		names = append(names, name)
	}
	listed := b.List(c, "").Statuses
	for _, name := range names {
		b.Expect(listed).To(gomega.HaveKey(name))
	}
}

// longestFields are as long as the CRD lets them be.
func longestFields(b *Bench) {
	c := b.client()
	long := func(unit string, runes int) string {
		return strings.Repeat(unit, runes/utf8.RuneCountInString(unit))
	}
	longest := "https://ci.example.com/" + strings.Repeat("a", 2048-len("https://ci.example.com/"))
	for name, want := range map[string]providers.Status{
		"words": {Phase: v1alpha1.PhaseFailure, Description: long("word ", 65535), URL: longest},
		"ä":     {Phase: v1alpha1.PhaseInProgress, Description: long("ä", 65535), URL: page},
		"e":     {Phase: v1alpha1.PhaseCanceled, Description: long("😀", 65535), URL: page},
		"lines": {Phase: v1alpha1.PhaseQueued, Description: " first\n\nsecond \"line\" <b>\t", URL: page},
	} {
		at := b.at(long(name, 255))
		b.make(c, at, want)
		b.shows(at, b.Find(c, at), want)
		b.Expect(b.List(c, "").Statuses).To(gomega.HaveKey(at.Name))
	}
}

// apart changes one name of two that are alike.
func apart(b *Bench) {
	c := b.client()
	one, two := b.at(strings.Repeat("long ", 40)+"one"), b.at(strings.Repeat("long ", 40)+"two")
	b.make(c, one, done)
	shown := b.make(c, two, providers.Status{Phase: v1alpha1.PhaseInProgress, Description: "d", URL: page})
	failed := providers.Status{Phase: v1alpha1.PhaseFailure, Description: "e", URL: page}
	shown, ok := b.bring(c, two, &shown, failed)
	b.Expect(ok).To(gomega.BeTrue())
	b.shows(two, &shown, failed)
	b.shows(one, b.Find(c, one), done)
	b.Expect(b.List(c, "").Statuses).To(gomega.HaveLen(2))
}
