package web

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/argoproj-labs/commit-status-hub/test/web/browser"
)

// axe returns the script of axe-core, which npm installs once.
var axe = sync.OnceValues(func() (string, error) {
	script := filepath.Join("node_modules", "axe-core", "axe.min.js")
	var lock struct {
		Packages map[string]struct{ Version string }
	}
	text, err := os.ReadFile("package-lock.json")
	if err == nil {
		err = json.Unmarshal(text, &lock)
	}
	if err != nil {
		return "", err
	}
	wanted := "axe v" + lock.Packages["node_modules/axe-core"].Version + "\n"
	if text, err := os.ReadFile(script); err == nil && strings.Contains(string(text[:min(len(text), 200)]), wanted) {
		return string(text), nil
	}
	if output, err := exec.Command("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund").CombinedOutput(); err != nil {
		return "", fmt.Errorf("npm ci: %w: %.500s", err, output)
	}
	text, err = os.ReadFile(script)
	return string(text), err
})

// violation is a rule of axe-core that a page breaks.
type violation struct {
	ID    string `json:"id"`
	Help  string `json:"help"`
	Nodes []struct {
		HTML    string `json:"html"`
		Summary string `json:"failureSummary"`
	} `json:"nodes"`
}

func TestPage_BreaksNoRuleOfAccessibility(t *testing.T) {
	tabs(t)
	script, err := axe()
	if err != nil && os.Getenv("CI") == "" {
		t.Skipf("the rules come with axe-core, from npm: %v", err)
	}
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	for _, how := range []browser.View{browser.Desk, browser.Night, browser.Phone, browser.NightPhone} {
		t.Run(how.String(), func(t *testing.T) {
			p := open(t, serve(t), how)
			for _, path := range everyPage {
				p.goes(path)
				p.opensDetails()
				p.runs(script)
				found := evaluate[struct {
					Violations []violation `json:"violations"`
					Incomplete []violation `json:"incomplete"`
				}](p, `axe.run({ include: [document], exclude: ["[aria-hidden=true]"] }, {
					runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
					resultTypes: ["violations", "incomplete"],
				})`)
				p.g.Expect(found.Violations).To(BeEmpty(), path)
				p.g.Expect(found.Incomplete).To(BeEmpty(), path)
			}
		})
	}
}

// opensDetails opens all that can be opened in a page.
func (p *tab) opensDetails() {
	p.g.THelper()
	p.runs(`document.querySelectorAll("details").forEach((d) => { d.open = true; })`)
}

// tooWide are the elements with text that reach beyond the right edge, and cannot be scrolled to.
const tooWide = `[...document.querySelectorAll("body *")].filter((e) =>
	e.getBoundingClientRect().right > innerWidth + 1 && !e.closest(".scroll") && e.innerText?.trim() && getComputedStyle(e).visibility !== "hidden"
).map((e) => e.outerHTML.slice(0, 200))`

func TestPage_FitsOnAPhone(t *testing.T) {
	for _, width := range []int64{320, 375, 640, 768} {
		p := open(t, serve(t), browser.View{Width: width, Height: 812})
		for _, path := range everyPage {
			p.goes(path)
			p.opensDetails()
			p.g.Expect(evaluate[bool](p, "document.documentElement.scrollWidth <= document.documentElement.clientWidth")).To(BeTrue(), "%s at %d px", path, width)
			p.g.Expect(evaluate[[]string](p, tooWide)).To(BeEmpty(), "%s at %d px", path, width)
		}
		p.goes(commitPage)
		p.g.Expect(p.text("main")).To(And(ContainSubstring("prod-us/team-a/build"), ContainSubstring("create_check_run")))
	}
}

func TestPage_FollowsTheSystemsColors(t *testing.T) {
	for scheme, how := range map[string]browser.View{"light": browser.Desk, "dark": browser.Night} {
		t.Run(scheme, func(t *testing.T) {
			p := open(t, serve(t), how)
			p.goes(installationPage)
			p.rendersPlots(scheme)
			dark := evaluate[float64](p, `getComputedStyle(document.body).backgroundColor.match(/\d+/g).reduce((sum, n) => sum + Number(n), 0) / 3`) < 128
			p.g.Expect(dark).To(Equal(how.Dark))
		})
	}
}

// rendersPlots expects that each plot is drawn, with a line in a color of a scheme.
func (p *tab) rendersPlots(scheme string) {
	p.g.THelper()
	type image struct {
		Source string `json:"source"`
		Pixels int    `json:"pixels"`
	}
	line := map[string]string{"light": "[0x1f, 0x5f, 0xbf]", "dark": "[0x7c, 0xb0, 0xff]"}[scheme]
	plots := evaluate[[]image](p, `Promise.all([...document.querySelectorAll("figure img")].map(async (img) => {
		await img.decode();
		const canvas = document.createElement("canvas");
		canvas.width = img.naturalWidth;
		canvas.height = img.naturalHeight;
		const context = canvas.getContext("2d");
		context.drawImage(img, 0, 0);
		const data = context.getImageData(0, 0, canvas.width, canvas.height).data;
		let pixels = 0;
		for (let i = 0; i < data.length; i += 4) {
			if (data[i + 3] > 64 && `+line+`.every((value, n) => Math.abs(value - data[i + n]) < 8)) {
				pixels++;
			}
		}
		return { source: img.currentSrc, pixels };
	}))`)
	p.g.Expect(plots).To(HaveLen(4))
	for _, plot := range plots {
		p.g.Expect(plot.Source).To(ContainSubstring("theme=" + scheme))
		p.g.Expect(plot.Pixels).To(BeNumerically(">", 20), plot.Source)
	}
}
