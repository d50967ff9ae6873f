package web

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/audits"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	. "github.com/onsi/gomega"

	"github.com/argoproj-labs/commit-status-hub/test/web/browser"
)

// patience is how long a tab may take to show something.
const patience = 30 * time.Second

// tab is one of the browser's. When the test ends, nothing may have been loaded from elsewhere,
// and the browser may not have objected to anything.
type tab struct {
	*site
	ctx context.Context

	mu       sync.Mutex
	loaded   []string
	concerns []string
}

// open opens a tab for a site, on no page.
func open(t *testing.T, s *site, view browser.View) *tab {
	t.Helper()
	p := &tab{site: s}
	var closeTab context.CancelFunc
	p.ctx, closeTab = chromedp.NewContext(tabs(t), chromedp.WithNewBrowserContext(), chromedp.WithListener(p.note))
	s.g.Expect(chromedp.Do(p.ctx, view.Emulate(), chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, network.Enable, network.EnableParams{})
		if err == nil {
			_, err = cdp.Call(ctx, t, audits.Enable, cdp.Empty{})
		}
		return err
	}))).To(Succeed())
	t.Cleanup(func() {
		closeTab()
		p.mu.Lock()
		defer p.mu.Unlock()
		s.g.Expect(p.concerns).To(BeEmpty(), "what the browser objects to")
		for _, address := range p.loaded {
			s.g.Expect(address).To(Or(HavePrefix(s.url+"/"), HavePrefix("about:")), "nothing is loaded from elsewhere")
		}
	})
	return p
}

// note keeps what the browser loads, and what it objects to.
func (p *tab) note(event any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		p.loaded = append(p.loaded, e.Request.URL)
	case *runtime.EventExceptionThrown:
		p.concerns = append(p.concerns, e.ExceptionDetails.Text)
	case *runtime.EventConsoleAPICalled:
		said := ""
		for _, value := range e.Args {
			said += fmt.Sprintf(" %s%s", value.Description, value.Value)
		}
		p.concerns = append(p.concerns, fmt.Sprintf("console.%s%s", e.Type, said))
	case *log.EventEntryAdded:
		if !strings.HasSuffix(e.Entry.URL, missingPage) {
			p.concerns = append(p.concerns, fmt.Sprintf("%s: %s (%s)", e.Entry.Level, e.Entry.Text, e.Entry.URL))
		}
	case *audits.EventIssueAdded:
		details, err := json.Marshal(e.Issue.Details)
		p.concerns = append(p.concerns, fmt.Sprintf("%s: %s %v", e.Issue.Code, details, err))
	}
}

// forgets drops concerns that are about some failures, which the test has caused.
func (p *tab) forgets(failures ...string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.concerns = slices.DeleteFunc(p.concerns, func(concern string) bool {
		return slices.ContainsFunc(failures, func(failure string) bool { return strings.Contains(concern, failure) })
	})
}

// does runs actions, which may take some time.
func (p *tab) does(actions ...chromedp.Action[chromedp.Void]) {
	p.g.THelper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	p.g.Expect(chromedp.Do(ctx, actions...)).To(Succeed())
}

// goes opens a page by its address.
func (p *tab) goes(path string) {
	p.g.THelper()
	p.does(chromedp.Navigate(p.url + path))
}

// follows clicks on the link with a text, as it is shown, below an element, and waits for its page.
func (p *tab) follows(below, text string) {
	p.g.THelper()
	from := p.path()
	p.does(chromedp.Click(fmt.Sprintf(`//%s//a[normalize-space()=%q]`, below, text)))
	p.arrives(from)
}

// arrives waits for a page at another address than one.
func (p *tab) arrives(from string) {
	p.g.THelper()
	p.g.Eventually(p.path, patience, "20ms").ShouldNot(Equal(from))
	p.does(chromedp.WaitReady("footer"))
}

// path returns the address of the page, without the host.
func (p *tab) path() string {
	p.g.THelper()
	return strings.TrimPrefix(evaluate[string](p, "location.href"), p.url)
}

// text returns what a page shows in its first element of a selector.
func (p *tab) text(selector string) string {
	p.g.THelper()
	return evaluate[string](p, fmt.Sprintf("(document.querySelector(%q)?.innerText ?? '').trim()", selector))
}

// types presses keys.
func (p *tab) types(keys string) {
	p.g.THelper()
	p.does(chromedp.KeyEvent(keys))
}

// presses presses one key, which types its sign where nobody prevents that.
func (p *tab) presses(sign rune) {
	p.g.THelper()
	event := kb.Encode(sign)[0]
	p.does(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, input.DispatchKeyEvent, input.DispatchKeyEventParams{
			Type: input.DispatchKeyEventTypeKeyDown, Key: event.Key, Code: event.Code, Text: string(sign), WindowsVirtualKeyCode: event.WindowsVirtualKeyCode,
		})
		return err
	}))
}

// tabsTo presses Tab until what has the focus shows a text, each time with a focus that can be
// seen.
func (p *tab) tabsTo(text string) {
	p.g.THelper()
	const focused = `(() => {
		const at = document.activeElement, style = getComputedStyle(at), box = at.getBoundingClientRect();
		return {
			text: (at.getAttribute("aria-label") || at.innerText || at.id).trim(),
			seen: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2 && box.width > 0 && box.right > 0 && box.bottom > 0
				&& box.left < innerWidth && box.top < innerHeight,
		};
	})()`
	for range 200 {
		p.types(kb.Tab)
		at := evaluate[struct {
			Text string `json:"text"`
			Seen bool   `json:"seen"`
		}](p, focused)
		p.g.Expect(at.Seen).To(BeTrue(), "the focus on %q is to be seen", at.Text)
		if at.Text == text {
			return
		}
	}
	p.g.Expect(text).To(BeEmpty(), "Tab does not lead to it")
}

// evaluate returns the value of an expression in a page.
func evaluate[T any](p *tab, expression string) T {
	p.g.THelper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	out, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	p.g.Expect(err).NotTo(HaveOccurred(), expression[:min(len(expression), 100)])
	return out
}

// runs runs a script in a page.
func (p *tab) runs(script string) {
	p.g.THelper()
	evaluate[chromedp.Void](p, script)
}
