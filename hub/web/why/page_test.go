package why

import (
	"bytes"
	"encoding/json"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode"

	. "github.com/onsi/gomega"

	"github.com/argoproj-labs/commit-status-hub/hub/web"
)

// printed returns an answer as it is shown.
func printed(t *testing.T, a Answer, s Screen) string {
	t.Helper()
	var out bytes.Buffer
	NewWithT(t).Expect(a.Print(&out, s, noon)).To(Succeed())
	return out.String()
}

const help = "https://hub.example.com/troubleshooting"

// conflicting is a commit with two names, one of which two clusters disagree on.
func conflicting() *web.CommitPage {
	ago := func(d time.Duration) time.Time { return noon.Add(-d) }
	return &web.CommitPage{
		At: noon, Hub: web.Hub{Leader: true}, Repo: shop, SHA: sha, Path: "/commits/" + shop + "/" + sha, Total: 3,
		Names: []web.Name{
			{
				Name: "build", Certain: true, Shown: &web.Status{Phase: "in_progress"}, Wanted: &web.Status{Phase: "in_progress"}, UpdatedAt: ago(90 * time.Second),
				Owner: "ci/build/shop", ScmProvider: "acme-github", Next: web.Next{What: "nothing", Message: "Nothing is to be done until a claim changes."}, ClaimsTotal: 1,
				Claims: []web.Object{{ID: "ci/build/shop", Phase: "in_progress", CreatedAt: ago(3 * 24 * time.Hour), IsOwner: true, Ready: "True", Reason: "Synced"}},
			},
			{
				Name: "hydrated", Shown: &web.Status{Phase: "success", Description: "Hydrated 12 apps", URL: "https://ci.example.com/run/42"}, Wanted: &web.Status{Phase: "failure"},
				Owner: "prod-eu/team-a/shop", ScmProvider: "acme-github", Installation: "github.com/app/1/installation/2", Drift: "phase is success in GitHub, failure here",
				Next: web.Next{What: "retry", Message: "The SCM is asked again.", At: noon.Add(7 * time.Minute)}, ClaimsTotal: 3,
				Claims: []web.Object{
					{ID: "prod-eu/team-a/shop", Phase: "failure", CreatedAt: ago(time.Hour), IsOwner: true, Ready: "False", Reason: "Unavailable", Message: "GitHub does not answer", Help: help + "#unavailable"},
					{ID: "prod-us/team-a/shop", Phase: "success", CreatedAt: ago(time.Minute), Ready: "False", Reason: "Conflict", Message: "prod-eu/team-a/shop is older", Help: help + "#conflict"},
				},
			},
		},
		Requests: []web.Request{
			{At: ago(5 * time.Second), Method: "PATCH", Code: 502, Operation: "update_check_run", Name: "hydrated", Milliseconds: 1200},
			{At: ago(15 * time.Minute), Method: "POST", Operation: "create_check_run", Name: "hydrated", Milliseconds: 10000},
		},
	}
}

func TestPrint_ShowsACommit(t *testing.T) {
	NewWithT(t).Expect(printed(t, Answer{Page: conflicting()}, Screen{})).To(Equal(`github.com/acme/shop  1f0c7d4b1e0a5c1f3e2d4b6a798f0e1d2c3b4a59

build
  shown       ◐ in_progress
              written or read 90s ago  (2026-11-23T11:58:30Z)
  wanted      the same
  owner       ci/build/shop  the only claim
  through     ScmProvider acme-github
  next        Nothing is to be done until a claim changes.
  claims      1
    REASON    COMMITSTATUS   WANTS          AGE
    ✓ Synced  ci/build/shop  ◐ in_progress  3d   owner

hydrated
  shown       ✓ success  Hydrated 12 apps  https://ci.example.com/run/42
              That is what statuses of CommitStatuses say: this hub has not read it itself yet.
  wanted      ✗ failure
  owner       prod-eu/team-a/shop  the oldest claim
  through     ScmProvider acme-github  budget of github.com/app/1/installation/2
  drift       ✗ phase is success in GitHub, failure here
  next        The SCM is asked again.  in 7m  (2026-11-23T12:07:00Z)
  claims      3
    REASON         COMMITSTATUS         WANTS      AGE
    ✗ Unavailable  prod-eu/team-a/shop  ✗ failure  60m  owner
      GitHub does not answer
    ✗ Conflict     prod-us/team-a/shop  ✓ success  60s
      prod-eu/team-a/shop is older
    and 1 more: the fleet page has them at /commits/github.com/acme/shop/1f0c7d4b1e0a5c1f3e2d4b6a798f0e1d2c3b4a59
    help on Unavailable:  https://hub.example.com/troubleshooting#unavailable
    help on Conflict:  https://hub.example.com/troubleshooting#conflict

and 1 more: the fleet page has them at /commits/github.com/acme/shop/1f0c7d4b1e0a5c1f3e2d4b6a798f0e1d2c3b4a59

Last requests to the SCM about this commit
  5s ago   (2026-11-23T11:59:55Z)  PATCH 502         update_check_run  hydrated  1200 ms
  15m ago  (2026-11-23T11:45:00Z)  POST no response  create_check_run  hydrated  10000 ms
`))
}

func TestPrint_ShowsTheCommitStatusThatWasAskedForFirst(t *testing.T) {
	g := NewWithT(t)
	p := conflicting()
	asked := p.Names[1].Claims[1]
	asked.Name, asked.Repo, asked.SHA, asked.Description, asked.Since = "hydrated", shop, sha, "Done", noon.Add(-time.Minute)
	text := printed(t, Answer{Page: p, Object: &asked}, Screen{})
	g.Expect(text).To(HavePrefix(`CommitStatus prod-us/team-a/shop
  ready       ✗ Conflict  since 60s ago  (2026-11-23T11:59:00Z)
              prod-eu/team-a/shop is older
  wants       ✓ success  Done  as hydrated
  commit      github.com/acme/shop 1f0c7d4b1e0a5c1f3e2d4b6a798f0e1d2c3b4a59
  age         60s  (2026-11-23T11:59:00Z)
  help        https://hub.example.com/troubleshooting#conflict

github.com/acme/shop`))
	g.Expect(strings.Index(text, "\nhydrated\n")).To(BeNumerically("<", strings.Index(text, "\nbuild\n")))
}

func TestPrint_ShowsACommitStatusOfNoCommit(t *testing.T) {
	o := object("a/team/x", "", sha)
	NewWithT(t).Expect(printed(t, Answer{Object: &o}, Screen{})).To(Equal(`CommitStatus a/team/x
  ready       ✗ GitRepoNotFound
              there is no GitRepo shop in namespace team-a
  wants       ✓ success  as ci
  commit      1f0c7d4b1e0a5c1f3e2d4b6a798f0e1d2c3b4a59 of a repository that its references do not say
  age         unknown
`))
}

func TestPrint_ShowsThoseOfNoRepositoryBesideACommit(t *testing.T) {
	o := object("a/team/x", "", sha)
	NewWithT(t).Expect(printed(t, Answer{Page: conflicting(), Loose: []web.Object{o}}, Screen{})).To(HaveSuffix(`
CommitStatuses with that hash whose references do not say of which repository
    REASON             COMMITSTATUS  WANTS      AGE
    ✗ GitRepoNotFound  a/team/x      ✓ success  unknown
      there is no GitRepo shop in namespace team-a
`))
}

func TestPrint_SaysWhatIsNotKnown(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*web.CommitPage, *web.Name)
		want   []string
	}{
		"nothing is shown":    {func(_ *web.CommitPage, n *web.Name) { n.Shown, n.Certain = nil, true }, []string{"shown       nothing\n"}},
		"it is not read yet":  {func(_ *web.CommitPage, n *web.Name) { n.Shown = nil }, []string{"shown       not known yet\n"}},
		"no claim counts":     {func(_ *web.CommitPage, n *web.Name) { n.Wanted, n.Owner = nil, "" }, []string{"wanted      nothing: no claim counts\n", "owner       nobody\n"}},
		"no phase means it":   {func(_ *web.CommitPage, n *web.Name) { n.Shown.Phase = "" }, []string{"shown       ? a state that no phase means"}},
		"an unknown phase":    {func(_ *web.CommitPage, n *web.Name) { n.Shown.Phase = "neutral" }, []string{"shown       ? neutral"}},
		"claims are joined":   {func(_ *web.CommitPage, n *web.Name) { n.Joined = 3 }, []string{"with 3 claims, which are shown as one"}},
		"the owner is absent": {func(_ *web.CommitPage, n *web.Name) { n.Claims = n.Claims[1:] }, []string{"owner       prod-eu/team-a/shop\n"}},
		"not reported":        {func(_ *web.CommitPage, n *web.Name) { n.Claims[0].Ready = "" }, []string{"… not reported yet  prod-eu/team-a/shop"}},
		"it waits": {func(_ *web.CommitPage, n *web.Name) { n.Claims[0].Ready, n.Claims[0].Reason = "Unknown", "Pending" }, []string{
			"… Pending   prod-eu/team-a/shop",
		}},
		"due now":          {func(_ *web.CommitPage, n *web.Name) { n.Next.At = noon }, []string{"now  (2026-11-23T12:00:00Z)"}},
		"a standby":        {func(p *web.CommitPage, _ *web.Name) { p.Hub = web.Hub{LeaderName: "hub-1"} }, []string{"! A standby answers", "it is hub-1"}},
		"without a leader": {func(p *web.CommitPage, _ *web.Name) { p.Hub = web.Hub{} }, []string{"! A standby answers", "there is none"}},
	} {
		t.Run(name, func(t *testing.T) {
			p := conflicting()
			c.change(p, &p.Names[1])
			text := printed(t, Answer{Page: p}, Screen{})
			for _, want := range c.want {
				NewWithT(t).Expect(text).To(ContainSubstring(want))
			}
		})
	}
}

// hostile is what a member may send to control a terminal.
const hostile = "a\x1b[2J\x1b]0;t\a\r\n\t\u009b31m\u202e\u2066\u200b\U000e0041\xff b"

// fill sets all texts of a value to one.
func fill(v reflect.Value, text string) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(text)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), text)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range v.Len() {
			fill(v.Index(i), text)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				fill(v.Field(i), text)
			}
		}
	}
}

func TestPrint_LetsNothingControlTheTerminal(t *testing.T) {
	var a Answer
	fill(reflect.ValueOf(&a).Elem().FieldByName("Page"), hostile)
	fill(reflect.ValueOf(&a).Elem().FieldByName("Object"), hostile)
	fill(reflect.ValueOf(&a).Elem().FieldByName("Loose"), hostile)
	ours := regexp.MustCompile("\x1b\\[(0|1|2|31|32|33)m")
	for name, s := range map[string]Screen{"a file": {}, "a terminal": {Width: 60, Color: true}} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			text := printed(t, a, s)
			if s.Color {
				g.Expect(text).To(MatchRegexp(ours.String()))
				text = ours.ReplaceAllString(text, "")
			}
			g.Expect(text).To(ContainSubstring("a [2J ]0;t"))
			for _, r := range strings.ReplaceAll(text, "\n", "") {
				g.Expect(unicode.IsPrint(r)).To(BeTrue(), "%q", r)
			}
			for line := range strings.Lines(text) {
				g.Expect(line).NotTo(HavePrefix("\t"))
			}
		})
	}
}

func TestWriteJSON_WritesTheAnswerAsItWasSent(t *testing.T) {
	g := NewWithT(t)
	sent := "{\n  \"description\": \"H\\u003cydrated – 12 アプリ 🚀\",\n  \"n\": 1.50\n}\n"
	var out bytes.Buffer
	g.Expect(Answer{Body: json.RawMessage(sent)}.WriteJSON(&out)).To(Succeed())
	g.Expect(out.String()).To(Equal(sent))
}

func TestWriteJSON_LetsNothingControlTheTerminal(t *testing.T) {
	g := NewWithT(t)
	sent := "{\r\n\"x\": \"\u009b31m\u202e\U000e0041\x7f\"}"
	var out bytes.Buffer
	g.Expect(Answer{Body: json.RawMessage(sent)}.WriteJSON(&out)).To(Succeed())
	for _, r := range strings.ReplaceAll(out.String(), "\n", "") {
		g.Expect(unicode.IsPrint(r)).To(BeTrue(), "%q", r)
	}
	var before, after any
	g.Expect(json.Unmarshal([]byte(sent), &before)).To(Succeed())
	g.Expect(json.Unmarshal(out.Bytes(), &after)).To(Succeed())
	g.Expect(after).To(Equal(before))
}
