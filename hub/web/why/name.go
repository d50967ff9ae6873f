package why

import (
	"fmt"
	"slices"

	"github.com/argoproj-labs/commit-status-hub/hub/web"
)

// name prints one named status of a commit.
func (p *printer) name(page *web.CommitPage, n web.Name) {
	p.blank()
	p.line(0, 2, span{text: n.Name, style: bold})
	p.shown(n)
	p.wanted(n)
	p.owner(n)
	if n.ScmProvider != "" {
		through := []span{{text: "ScmProvider " + n.ScmProvider}}
		if n.Installation != "" {
			through = append(through, span{text: "budget of " + n.Installation})
		}
		p.row("through", through...)
	}
	if n.Drift != "" {
		p.row("drift", span{text: "✗ " + n.Drift, style: bad})
	}
	p.row("next", append([]span{{text: n.Next.Message}}, p.when("", n.Next.At)...)...)
	p.row("claims", span{text: fmt.Sprint(n.ClaimsTotal)})
	p.claims(n.Claims)
	if more := n.ClaimsTotal - len(n.Claims); more > 0 {
		p.line(4, 6, span{text: fmt.Sprintf("and %d more: the fleet page has them at %s", more, page.Path)})
	}
	p.help(4, n.Claims)
}

// shown prints what the SCM shows.
func (p *printer) shown(n web.Name) {
	switch {
	case n.Shown == nil && n.Certain:
		p.row("shown", span{text: "nothing"})
	case n.Shown == nil:
		p.row("shown", span{text: "not known yet"})
	default:
		p.row("shown", status(n.Shown)...)
		p.row("", p.when("written or read", n.UpdatedAt)...)
	}
	if n.Shown != nil && !n.Certain {
		p.row("", span{text: "That is what statuses of CommitStatuses say: this hub has not read it itself yet."})
	}
}

// wanted prints what the claims want.
func (p *printer) wanted(n web.Name) {
	switch {
	case n.Wanted == nil:
		p.row("wanted", span{text: "nothing: no claim counts"})
	case n.Shown != nil && *n.Shown == *n.Wanted:
		p.row("wanted", span{text: "the same"})
	default:
		p.row("wanted", status(n.Wanted)...)
	}
}

// owner prints whose claim is shown, and why.
func (p *printer) owner(n web.Name) {
	if n.Owner == "" {
		p.row("owner", span{text: "nobody"})
		return
	}
	why := ""
	switch at := slices.IndexFunc(n.Claims, func(o web.Object) bool { return o.IsOwner }); {
	case n.Joined > 0:
		why = fmt.Sprintf("with %d claims, which are shown as one", n.Joined)
	case n.ClaimsTotal == 1:
		why = "the only claim"
	case at >= 0 && !slices.ContainsFunc(n.Claims, func(o web.Object) bool { return o.CreatedAt.Before(n.Claims[at].CreatedAt) }):
		why = "the oldest claim"
	}
	p.row("owner", span{text: n.Owner}, span{text: why, style: dim})
}

// claims prints claims as a table, each with its message below it.
func (p *printer) claims(claims []web.Object) {
	if len(claims) == 0 {
		return
	}
	rows := [][]span{{{text: "REASON", style: dim}, {text: "COMMITSTATUS", style: dim}, {text: "WANTS", style: dim}, {text: "AGE", style: dim}}}
	for _, o := range claims {
		row := []span{readyOf(o), {text: o.ID}, status(&web.Status{Phase: o.Phase})[0], p.age(o)[0]}
		if o.ID == p.asked {
			row[1].style = bold
		}
		if o.IsOwner {
			row = append(row, span{text: "owner"})
		}
		rows = append(rows, row)
	}
	align(rows)
	for i, row := range rows {
		p.line(4, 6, row...)
		if i > 0 && claims[i-1].Message != "" {
			p.line(6, 6, span{text: claims[i-1].Message})
		}
	}
}

// align makes each column as wide as its widest text.
func align(rows [][]span) {
	var widest []int
	for _, row := range rows {
		for i, s := range row {
			if i == len(widest) {
				widest = append(widest, 0)
			}
			widest[i] = max(widest[i], columns(clean(s.text)))
		}
	}
	for _, row := range rows {
		for i := range row {
			row[i].pad = widest[i]
		}
	}
}

// help prints where to read on about each reason for which something is not as it should be.
func (p *printer) help(indent int, objects []web.Object) {
	var printed []string
	for _, o := range objects {
		if o.Help == "" || o.Ready == "True" || slices.Contains(printed, o.Help) {
			continue
		}
		printed = append(printed, o.Help)
		p.line(indent, indent+2, span{text: "help on " + o.Reason + ":", style: dim}, span{text: o.Help})
	}
}
