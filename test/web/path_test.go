package web

import (
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	. "github.com/onsi/gomega"

	"github.com/argoproj-labs/commit-status-hub/test/web/browser"
)

func TestPage_LeadsFromAPausedInstallationToAClaim(t *testing.T) {
	for name, how := range map[string]browser.View{"with scripts": browser.Desk, "without scripts": {Width: 1280, Height: 800, Scriptless: true}} {
		t.Run(name, func(t *testing.T) {
			p := open(t, serve(t), how)
			p.goes(overviewPage)
			p.g.Expect(p.text(".problems")).To(ContainSubstring("The SCM asked for no requests until"))
			p.follows("ul[@class='problems']", installation)
			p.g.Expect(p.path()).To(Equal(installationPage))
			p.g.Expect(p.text(".facts")).To(ContainSubstring("paused until"))
			p.does(chromedp.NavigateBack())
			p.g.Expect(p.path()).To(Equal(overviewPage))

			p.follows("ul[@class='problems']", "1 CommitStatus")
			p.g.Expect(p.path()).To(Equal("/search?q=Conflict"))
			p.g.Expect(p.text("h1")).To(Equal("1 CommitStatus for “Conflict”"))
			p.follows("main", "prod-us/team-a/build")
			p.g.Expect(p.path()).To(HaveSuffix(commitPage[len("/commits/github.com/acme/shop"):]))
			p.g.Expect(p.text("table.claims")).To(ContainSubstring("prod-eu/team-a/build"))
			p.follows("table[contains(@class,'claims')]", "prod-us/team-a/build")
			p.g.Expect(p.path()).To(Equal("/search?q=prod-us%2Fteam-a%2Fbuild"))
			p.g.Expect(p.text("h1")).To(HavePrefix("1 CommitStatus"))
		})
	}
}

func TestPage_IsUsedByKeyboardAlone(t *testing.T) {
	p := open(t, serve(t), browser.Desk)
	p.goes(overviewPage)
	p.tabsTo("Skip to the content")
	p.types(kb.Enter)
	p.g.Expect(evaluate[string](p, "document.activeElement.id")).To(Equal("content"))
	p.tabsTo(installation)
	p.types(kb.Enter)
	p.arrives(overviewPage)
	p.g.Expect(p.path()).To(Equal(installationPage))

	p.presses('/')
	p.g.Expect(evaluate[string](p, "document.activeElement.id")).To(Equal("q"))
	p.types("conflict" + kb.Enter)
	p.arrives(installationPage)
	p.g.Expect(p.path()).To(Equal("/search?q=conflict"))
	p.types("/lint")
	p.g.Expect(evaluate[string](p, "document.activeElement.value")).To(Equal("/lint"), "what was searched is selected, and a slash is a sign in the field")

	p.goes("/search?q=conflict")
	p.tabsTo("prod-us/team-a/build")
	p.types(kb.Enter)
	p.arrives("/search?q=conflict")
	p.tabsTo("Claims on build")
	p.tabsTo("prod-us/team-a/build")
	p.types(kb.Enter)
	p.arrives(commitPage)
	p.g.Expect(p.path()).To(Equal("/search?q=prod-us%2Fteam-a%2Fbuild"))
}

func TestPage_OpensExamplesByKeyboard(t *testing.T) {
	p := open(t, serve(t), browser.Desk)
	p.goes(overviewPage)
	p.tabsTo("Which ones")
	p.types(kb.Enter)
	p.g.Expect(evaluate[bool](p, "document.activeElement.parentElement.open")).To(BeTrue())
}
