package why

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"time"

	"k8s.io/apimachinery/pkg/util/duration"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/hub/web"
)

// labelWidth is how wide the labels of rows are.
const labelWidth = 10

// printer prints an answer.
type printer struct {
	text
	// now is the time of the answer, at the hub.
	now time.Time
	// asked is the CommitStatus that was asked for, "" for none.
	asked string
}

// Print writes an answer for people. Relative times count from when the hub answered, or from now where
// the answer does not say when that was.
func (a Answer) Print(out io.Writer, screen Screen, now time.Time) error {
	p := &printer{text: text{Screen: screen}, now: now}
	if a.Page != nil && !a.Page.At.IsZero() {
		p.now = a.Page.At
	}
	if a.Object != nil {
		p.asked = a.Object.ID
		p.object(*a.Object)
	}
	if a.Page != nil {
		p.page(a.Page)
	}
	if len(a.Loose) > 0 {
		p.blank()
		p.line(0, 0, span{text: "CommitStatuses with that hash whose references do not say of which repository", style: bold})
		p.claims(a.Loose)
		p.help(4, a.Loose)
	}
	_, err := io.WriteString(out, p.lines.String())
	return err
}

// row adds a line with a label, unless there is nothing to say.
func (p *printer) row(label string, spans ...span) {
	if len(spans) == 0 {
		return
	}
	const indent = 2
	first := span{text: label, style: dim, pad: labelWidth}
	p.line(indent, indent+labelWidth+len(gap), append([]span{first}, spans...)...)
}

// object prints one CommitStatus.
func (p *printer) object(o web.Object) {
	p.line(0, 2, span{text: "CommitStatus " + o.ID, style: bold})
	ready := readyOf(o)
	p.row("ready", append([]span{ready}, p.when("since", o.Since)...)...)
	if o.Message != "" {
		p.row("", span{text: o.Message})
	}
	p.row("wants", append(status(&web.Status{Phase: o.Phase, Description: o.Description, URL: o.URL}), span{text: "as " + o.Name})...)
	switch {
	case o.Repo != "":
		p.row("commit", span{text: o.Repo + " " + o.SHA})
	case o.SHA != "":
		p.row("commit", span{text: o.SHA + " of a repository that its references do not say"})
	}
	p.row("age", p.age(o)...)
	if o.Help != "" && o.Ready != "True" {
		p.row("help", span{text: o.Help})
	}
}

// page prints what is known of a commit.
func (p *printer) page(page *web.CommitPage) {
	p.blank()
	p.line(0, 2, span{text: page.Repo, style: bold}, span{text: page.SHA, style: bold})
	if !page.Leader {
		leader := "there is none"
		if page.LeaderName != "" {
			leader = "it is " + page.LeaderName
		}
		p.line(2, 2, span{text: "! A standby answers, not the leader (" + leader + "): it writes nothing, and knows of no budget and no request.", style: waits})
	}
	names := slices.Clone(page.Names)
	slices.SortStableFunc(names, func(a, b web.Name) int { return p.rank(a) - p.rank(b) })
	for i := range names {
		p.name(page, names[i])
	}
	if more := page.Total - len(page.Names); more > 0 {
		p.blank()
		p.line(0, 2, span{text: fmt.Sprintf("and %d more: the fleet page has them at %s", more, page.Path)})
	}
	if len(page.Requests) > 0 {
		p.blank()
		p.line(0, 2, span{text: "Last requests to the SCM about this commit", style: bold})
	}
	rows := make([][]span, 0, len(page.Requests))
	for _, r := range page.Requests {
		rows = append(rows, p.request(r))
	}
	align(rows)
	for _, row := range rows {
		p.line(2, 4, row...)
	}
}

// rank orders what was asked for before all others.
func (p *printer) rank(n web.Name) int {
	if p.asked != "" && has(n, p.asked) {
		return 0
	}
	return 1
}

// request shows one request.
func (p *printer) request(r web.Request) []span {
	code, look := strconv.Itoa(r.Code), normal
	switch {
	case r.Code == 0:
		code, look = "no response", bad
	case r.Code >= 400:
		look = bad
	}
	return append(p.when("", r.At), span{text: r.Method + " " + code, style: look}, span{text: r.Operation},
		span{text: r.Name}, span{text: fmt.Sprintf("%d ms", r.Milliseconds), style: dim})
}

// when says when something was or will be, from now and by the clock; nothing for an unknown time.
func (p *printer) when(preposition string, t time.Time) []span {
	if t.IsZero() {
		return nil
	}
	distance := p.now.Sub(t)
	relative := duration.HumanDuration(distance) + " ago"
	switch {
	case distance < -time.Second:
		relative = "in " + duration.HumanDuration(-distance)
	case distance < time.Second:
		relative = "now"
	}
	if preposition != "" {
		relative = preposition + " " + relative
	}
	return []span{{text: relative}, {text: "(" + t.UTC().Format(time.RFC3339) + ")", style: dim}}
}

// age says since when a CommitStatus counts.
func (p *printer) age(o web.Object) []span {
	if o.CreatedAt.IsZero() {
		return []span{{text: "unknown"}}
	}
	return []span{{text: duration.HumanDuration(max(p.now.Sub(o.CreatedAt), 0))}, {text: "(" + o.CreatedAt.UTC().Format(time.RFC3339) + ")", style: dim}}
}

// phases have a sign and a color each.
var phases = map[string]span{
	string(v1alpha1.PhaseQueued):     {text: "○", style: waits},
	string(v1alpha1.PhaseInProgress): {text: "◐", style: waits},
	string(v1alpha1.PhaseSuccess):    {text: "✓", style: good},
	string(v1alpha1.PhaseFailure):    {text: "✗", style: bad},
	string(v1alpha1.PhaseCanceled):   {text: "⊘", style: dim},
}

// status shows a status; one without a phase is in a state of the SCM that no phase means.
func status(s *web.Status) []span {
	sign, ok := phases[s.Phase]
	if !ok {
		sign = span{text: "?", style: bad}
	}
	word := s.Phase
	if word == "" {
		word = "a state that no phase means"
	}
	return []span{{text: sign.text + " " + word, style: sign.style}, {text: s.Description}, {text: s.URL}}
}

// readyOf shows a Ready condition.
func readyOf(o web.Object) span {
	switch o.Ready {
	case "True":
		return span{text: "✓ " + o.Reason, style: good}
	case "False":
		return span{text: "✗ " + o.Reason, style: bad}
	case "Unknown":
		return span{text: "… " + o.Reason, style: waits}
	}
	return span{text: "… not reported yet", style: waits}
}
