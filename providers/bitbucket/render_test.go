package bitbucket

import (
	"fmt"
	"strings"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
)

func TestAKeyIsTheNameOrADigestOfIt(t *testing.T) {
	g := NewWithT(t)
	for _, name := range []string{"build", strings.Repeat("a", 40), strings.Repeat("ä", 40), "a/b?c#d%20", "Build", "csh-short"} {
		g.Expect(keyOf(name)).To(Equal(name))
	}
	seen := map[string]string{}
	for _, name := range []string{
		strings.Repeat("a", 41), strings.Repeat("a", 42), " build", "build ", "a\nb", ".", "..", "csh-" + strings.Repeat("0", 36),
		keyOf(strings.Repeat("a", 41)),
	} {
		key := keyOf(name)
		g.Expect(key).To(MatchRegexp("^csh-[0-9a-f]{36}$"), "%q", name)
		g.Expect(seen).NotTo(HaveKey(key))
		seen[key] = name
		got, ok := nameOf(key, name)
		g.Expect(ok).To(BeTrue())
		g.Expect(got).To(Equal(name))
		_, ok = nameOf(key, "something else")
		g.Expect(ok).To(BeFalse())
	}
	g.Expect(keyOf(strings.Repeat("a", 41))).To(Equal("csh-c0f8bd4dbc2b0c03107c1c37913f2a7501f5"), "it is the same for ever")
	got, ok := nameOf("build", "something else")
	g.Expect(ok).To(BeTrue())
	g.Expect(got).To(Equal("build"), "the key is what counts")
}

func TestPhasesThatBitbucketShowsAlikeAreTheSame(t *testing.T) {
	all := []v1alpha1.Phase{"queued", "in_progress", "success", "failure", "canceled"}
	for _, s := range []*service{cloud, center} {
		d := dialect{s}
		g := NewWithT(t)
		g.Expect(d.stateOf("queued")).To(Equal("INPROGRESS"))
		g.Expect(d.stateOf("cancelled")).To(Equal(s.canceled))
		g.Expect(d.stateOf("skipped")).To(BeEmpty())
		handle := s.handle(&v1alpha1.BitbucketHandle{Key: "x"})
		for _, from := range all {
			for _, to := range all {
				shown := &providers.Shown{Status: providers.Status{Phase: from}, Handle: handle}
				want := providers.StepUpdate
				if d.stateOf(from) == d.stateOf(to) {
					want = providers.StepNone
				}
				g.Expect(d.Next(shown, providers.Status{Phase: to})).To(Equal(want), "%s to %s", from, to)
			}
		}
		for _, state := range []string{"UNKNOWN", "", "successful"} {
			shown := d.shownBy(build{Key: "x", State: state})
			for _, want := range all {
				g.Expect(d.Next(&shown, providers.Status{Phase: want})).To(Equal(providers.StepUpdate), "%s and %s", state, want)
			}
		}
		g.Expect(d.Next(nil, providers.Status{Phase: "success"})).To(Equal(providers.StepCreate))
		g.Expect(d.Next(nil, providers.Status{Phase: "skipped"})).To(Equal(providers.StepUnsupported))
		g.Expect(d.Obstacle(nil, providers.Status{Phase: "skipped"})).To(Equal(`knows no phase "skipped"`))
	}
	NewWithT(t).Expect(dialect{cloud}.phaseOf("CANCELLED")).To(BeEquivalentTo("CANCELLED"), "each has its own word")
}

func TestADescriptionIsCutVisibly(t *testing.T) {
	for name, tc := range map[string]struct{ in, out string }{
		"short":        {" d\n", "d"},
		"broken UTF-8": {"a\xff", "a\uFFFD"},
		"the longest":  {strings.Repeat("a", 255), strings.Repeat("a", 255)},
		"longer":       {strings.Repeat("a", 256), strings.Repeat("a", 254) + "…"},
		"characters":   {strings.Repeat("ä", 300), strings.Repeat("ä", 254) + "…"},
		"pairs":        {strings.Repeat("😀", 128), strings.Repeat("😀", 127) + "…"},
		"a blank":      {strings.Repeat("a", 253) + " bcd", strings.Repeat("a", 253) + "…"},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			got := dialect{cloud}.Render(providers.Status{Description: tc.in}).Description
			g.Expect(got).To(Equal(tc.out))
			g.Expect(units(got)).To(BeNumerically("<=", 255))
			g.Expect(dialect{cloud}.Render(providers.Status{Description: got}).Description).To(Equal(got), "it stays as it is")
		})
	}
}

func TestWhereThereIsNoURLTheCommitsPageIs(t *testing.T) {
	for _, s := range []*service{cloud, center} {
		t.Run(s.title, func(t *testing.T) {
			b := newBench(t, s)
			c := b.Client(repository)
			page := map[*service]string{cloud: "acme/shop/commits/" + sha, center: "projects/acme/repos/shop/commits/" + sha}[s]
			root := strings.TrimSuffix(strings.TrimSuffix(b.bitbucket.URL(), "/2.0"), "/rest/api/latest")
			bare := providers.Status{Phase: v1alpha1.PhaseQueued}
			shown := b.Create(c, at, bare)
			b.Expect(shown.Status).To(Equal(bare))
			b.Expect(b.bitbucket.Builds(repository, sha)[0].URL).To(Equal(fmt.Sprintf("%s/%s#commit-status-hub", root, page)))
			b.Expect(b.Find(c, at).URL).To(BeEmpty())
			b.Expect(b.list(c)["x"].URL).To(BeEmpty())

			asked := providers.Status{Phase: v1alpha1.PhaseQueued, URL: root + "/" + page}
			b.Expect(b.Account.Next(&shown, asked)).To(Equal(providers.StepUpdate), "the same page, asked for")
			b.Create(c, at, asked)
			b.Expect(b.Account.Next(b.Find(c, at), asked)).To(Equal(providers.StepNone))
		})
	}
}

func TestDataCenterGetsNoHalfOfAURL(t *testing.T) {
	long := "https://ci.example.com/" + strings.Repeat("a", 430)
	g := NewWithT(t)
	g.Expect(dialect{cloud}.Render(providers.Status{URL: long}).URL).To(Equal(long))
	g.Expect(dialect{center}.Render(providers.Status{URL: long}).URL).To(BeEmpty())
	g.Expect(dialect{center}.Render(providers.Status{URL: long[:450]}).URL).To(HaveLen(450))
}
