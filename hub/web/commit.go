package web

import (
	"strings"

	"github.com/argoproj-labs/commit-status-hub/hub/ledger"
	"github.com/argoproj-labs/commit-status-hub/providers"
)

// claimRows is how many claims of each name a page of all names has. The page of one name has
// tableRows.
const claimRows = 20

// commitQuery selects what is shown of a commit.
type commitQuery struct {
	repo, sha, name string
	page            int
}

// commit returns the page of a commit; ok is false where nothing is known of it.
func (r *reader) commit(q commitQuery) (_ CommitPage, ok bool) {
	query := ledger.CommitQuery{Repo: q.repo, SHA: q.sha, Name: q.name, Names: page(q.page), Claims: ledger.Page{Limit: claimRows}}
	if q.name != "" {
		query.Names, query.Claims = page(1), page(q.page)
	}
	view, ok := r.Ledger.Commit(query)
	if !ok {
		return CommitPage{}, false
	}
	now := r.Clock.Now()
	repo := view.Host + "/" + view.Repository
	out := CommitPage{At: now.UTC(), Hub: r.hub(), Repo: repo, SHA: view.SHA, Path: commitPath(repo, view.SHA), Total: view.Total}
	for _, n := range view.Names {
		out.Names = append(out.Names, nameOf(n))
	}
	out.Requests = orEmpty(r.requests.of(view.Key, now))
	return out, true
}

func nameOf(n ledger.NameView) Name {
	out := Name{
		Name: n.Name, Certain: n.Certain, UpdatedAt: utc(n.UpdatedAt), Joined: n.Joined, ScmProvider: n.ScmProvider,
		Installation: n.Installation, Drift: n.Drift, Claims: []Object{}, ClaimsTotal: n.Total,
		Next: Next{What: n.Next.What, Message: n.Next.Message, At: utc(n.Next.At)},
	}
	if n.Shown != nil {
		out.Shown = statusOf(n.Shown.Status)
	}
	if n.Wanted != nil {
		out.Wanted = statusOf(*n.Wanted)
	}
	if n.Owner != (ledger.ObjectID{}) {
		out.Owner = n.Owner.String()
	}
	for _, c := range n.Claims {
		out.Claims = append(out.Claims, objectOf(c))
	}
	return out
}

func statusOf(s providers.Status) *Status {
	return &Status{Phase: string(s.Phase), Description: clip(s.Description), URL: s.URL}
}

// longestText is how much of a description is shown, in runes: a table of 64 KiB texts is no table.
const longestText = 300

// clip returns the beginning of a text that is too long.
func clip(text string) string {
	runes := []rune(text[:min(len(text), 4*(longestText+1))])
	if len(runes) <= longestText {
		return text
	}
	return string(runes[:longestText-1]) + "…"
}

func objectOf(o ledger.ObjectView) Object {
	out := Object{
		ID: o.Object.String(), Cluster: o.Object.Cluster, Namespace: o.Object.Namespace, Object: o.Object.Name,
		Repo: o.Repo, SHA: o.SHA, Name: o.Name, Phase: string(o.Want.Phase), Description: clip(o.Want.Description), URL: o.Want.URL,
		CreatedAt: utc(o.CreatedAt), IsOwner: o.Owner, Ready: string(o.Ready), Reason: o.Reason, Message: o.Message,
		Since: utc(o.Since), Help: helpOf(o.Reason),
	}
	if o.Repo != "" {
		out.Path = commitPath(o.Repo, o.SHA)
	}
	return out
}

// search returns a page of what contains each word of a query.
func (r *reader) search(query string, number int) SearchPage {
	found, total, more := r.Ledger.Search(query, page(number))
	out := SearchPage{At: r.Clock.Now().UTC(), Hub: r.hub(), Query: query, Results: []Object{}, Total: total, More: more}
	for _, o := range found {
		out.Results = append(out.Results, objectOf(o))
	}
	return out
}

// splitCommit splits the path of a commit's page into the repository, as status.repo has it, and the hash.
func splitCommit(path string) (repo, sha string, ok bool) {
	at := strings.LastIndexByte(path, '/')
	if at < 0 {
		return "", "", false
	}
	repo, sha = path[:at], path[at+1:]
	return repo, sha, repo != "" && sha != ""
}
