package web

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	. "github.com/onsi/gomega"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/test/web/browser"
)

func TestPage_ShowsChangesByItself(t *testing.T) {
	p := open(t, serve(t), browser.Desk)
	p.goes(commitPage)
	p.isLive()
	p.g.Expect(p.text("section.name:nth-of-type(2)")).To(ContainSubstring("nothing"))
	p.runs(`window.same = document.querySelector("section.name")`)
	p.shows("deploy", v1alpha1.PhaseInProgress)
	p.g.Eventually(func() string { return p.text("section.name:nth-of-type(2) dd") }, patience, "50ms").Should(ContainSubstring("in progress"))
	p.g.Expect(evaluate[bool](p, `window.same === document.querySelector("section.name")`)).To(BeTrue(), "only what has changed is replaced")
}

func TestPage_KeepsWhatIsOpenedFocusedAndScrolledTo(t *testing.T) {
	p := open(t, serve(t), browser.View{Width: 1280, Height: 500})
	p.goes(overviewPage)
	p.isLive()
	p.opensDetails()
	p.runs(`[...document.querySelectorAll(".problems details")].at(-1).querySelector("summary").focus()`)
	p.runs(`scrollTo(0, 400)`)
	const focused = `document.activeElement.tagName + document.activeElement.closest("li").dataset.key`
	where := evaluate[string](p, focused)
	opened := evaluate[int](p, `document.querySelectorAll("details[open]").length`)
	p.g.Expect(opened).To(BeNumerically(">", 2))
	p.g.Expect(evaluate[int](p, "scrollY")).To(Equal(400))

	denied := func() string {
		return evaluate[string](p, `[...document.querySelectorAll(".problems li")].find((li) => li.innerText.includes("Denied")).innerText`)
	}
	p.g.Expect(denied()).To(ContainSubstring("2 CommitStatuses"))
	p.claims("test-2", named("build", v1alpha1.PhaseSuccess))
	p.Clock.Step(3 * time.Second)
	p.g.Eventually(denied, patience, "50ms").Should(ContainSubstring("3 CommitStatuses"))
	p.g.Expect(evaluate[int](p, `document.querySelectorAll("details[open]").length`)).To(Equal(opened), "what was opened stays open")
	p.g.Expect(evaluate[string](p, focused)).To(Equal(where), "the focus stays where it was")
	p.g.Expect(evaluate[int](p, "scrollY")).To(Equal(400))
}

func TestPage_KeepsTablesScrolledSideways(t *testing.T) {
	p := open(t, serve(t), browser.View{Width: 645, Height: 800})
	p.goes(commitPage)
	p.isLive()
	const table = `document.querySelector("section.name:nth-of-type(2) .scroll")`
	p.runs(table + `.scrollLeft = 10`)
	p.shows("deploy", v1alpha1.PhaseInProgress)
	p.g.Eventually(func() string { return p.text("section.name:nth-of-type(2) dd") }, patience, "50ms").Should(ContainSubstring("in progress"))
	p.g.Expect(evaluate[int](p, table+`.scrollLeft`)).To(Equal(10))
}

func TestPage_KeepsASelection(t *testing.T) {
	p := open(t, serve(t), browser.Desk)
	p.goes(commitPage)
	p.isLive()
	p.runs(`getSelection().selectAllChildren(document.querySelector(".facts code"))`)
	p.shows("deploy", v1alpha1.PhaseInProgress)
	p.g.Eventually(func() string { return p.text("section.name:nth-of-type(2) dd") }, patience, "50ms").Should(ContainSubstring("in progress"))
	p.g.Expect(evaluate[string](p, "String(getSelection())")).To(HaveLen(40), "somebody is about to copy it")
}

func TestPage_DrawsPlotsAnew(t *testing.T) {
	p := open(t, serve(t), browser.Desk)
	p.goes(installationPage)
	p.isLive()
	const source = `document.querySelector("figure img").currentSrc`
	before := evaluate[string](p, source)
	p.Clock.Step(15 * time.Second)
	p.g.Eventually(func() string { return evaluate[string](p, source) }, patience, "50ms").ShouldNot(Equal(before))
	p.rendersPlots("light")
}

func TestPage_SaysWhenItIsNotLive(t *testing.T) {
	s := serve(t)
	p := open(t, s, browser.Desk)
	p.goes(overviewPage)
	p.isLive()
	s.stop()
	p.g.Eventually(func() string { return p.text("#live") }, patience, "50ms").Should(HavePrefix("Not live"))
	p.forgets("net::ERR_CONNECTION_REFUSED", "net::ERR_INCOMPLETE_CHUNKED_ENCODING")
}

// isLive waits until a page is kept up to date.
func (p *tab) isLive() {
	p.g.THelper()
	p.g.Eventually(func() string { return p.text("#live") }, patience, "50ms").Should(Equal("Live"))
}

func TestPage_IsLiveOnceFewerLook(t *testing.T) {
	s := serve(t)
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	for range 100 {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url, http.NoBody)
		s.g.Expect(err).NotTo(HaveOccurred())
		request.Header.Set("Accept", "text/event-stream")
		response, err := new(http.Client).Do(request)
		s.g.Expect(err).NotTo(HaveOccurred())
		t.Cleanup(func() { _ = response.Body.Close() })
	}
	p := open(t, s, browser.Desk)
	// A minute is a moment here.
	p.does(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{
			Source: `const later = window.setTimeout; window.setTimeout = (then) => later(then, 100);`,
		})
		return err
	}))
	p.goes(overviewPage)
	p.g.Eventually(func() string { return p.text("#live") }, patience, "50ms").Should(HavePrefix("Not live"))
	leave()
	p.isLive()
	p.forgets("503")
}
