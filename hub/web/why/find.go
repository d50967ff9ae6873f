package why

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/argoproj-labs/commit-status-hub/hub/web"
)

// mostListed is how many matches an error lists.
const mostListed = 20

// Answer is what the fleet page knows of a target.
type Answer struct {
	// Body is the answer as it was sent.
	Body json.RawMessage
	// Page is the commit's, nil where it has none.
	Page *web.CommitPage
	// Object is the CommitStatus that was asked for, nil where a commit was.
	Object *web.Object
	// Loose are other CommitStatuses with the commit's hash, whose references do not say of which
	// repository it is.
	Loose []web.Object
}

// Find returns what the fleet page knows of a target. It is an error if nothing is known of it, or if
// it may be several commits.
func (c Client) Find(ctx context.Context, t Target) (Answer, error) {
	if t.SHA != "" {
		answer, err := c.findCommit(ctx, t)
		if t.Object == "" || !errors.Is(err, errUnknown) {
			return answer, err
		}
	}
	return c.findObject(ctx, t.Object)
}

// findCommit finds a commit by its path, or else by a search.
func (c Client) findCommit(ctx context.Context, t Target) (Answer, error) {
	matches, err := c.matches(ctx, t)
	if err != nil {
		return Answer{}, err
	}
	if full(t.SHA) && strings.Contains(t.Repo, "/") {
		body, page, err := c.commitPage(ctx, t.Repo, t.SHA, "")
		if !errors.Is(err, errUnknown) {
			return Answer{Body: body, Page: page, Loose: matches.loose}, err
		}
	}
	switch {
	case len(matches.commits) == 1 && (full(t.SHA) || !matches.more):
		for _, only := range matches.commits {
			body, page, err := c.commitPage(ctx, only.Repo, only.SHA, "")
			return Answer{Body: body, Page: page, Loose: matches.loose}, err
		}
	case len(matches.commits) > 0:
		return Answer{}, fmt.Errorf("%s may be any of these; name one of them:%s", t, list(matches.commits, matches.more))
	case len(matches.loose) > 0:
		return Answer{Body: matches.body, Loose: matches.loose}, nil
	case len(matches.others) > 0:
		return Answer{}, fmt.Errorf("%w of commit %s. The hash is known in:%s", errUnknown, t, list(matches.others, matches.more))
	}
	return Answer{}, fmt.Errorf("%w of commit %s: no CommitStatus in any member that the hub has read is about it", errUnknown, t)
}

// matches are the CommitStatuses with a hash.
type matches struct {
	// commits are those of the target, by repository and hash, and others those of other repositories.
	commits, others map[string]web.Object
	loose           []web.Object
	// more reports whether there may be others, and body is the answer to the search.
	more bool
	body json.RawMessage
}

func (c Client) matches(ctx context.Context, t Target) (matches, error) {
	results, err := c.search(ctx, t.SHA)
	if err != nil {
		return matches{}, err
	}
	m := matches{commits: map[string]web.Object{}, others: map[string]web.Object{}, more: results.more, body: results.body}
	for _, r := range results.objects {
		switch {
		case !strings.HasPrefix(r.SHA, t.SHA):
		case r.Path == "":
			m.loose = append(m.loose, r.Object)
		case t.inRepo(r.Repo):
			m.commits[r.Repo+"@"+r.SHA] = r.Object
		default:
			m.others[r.Repo+"@"+r.SHA] = r.Object
		}
	}
	return m, nil
}

// inRepo reports whether a repository, with its host, is the target's.
func (t Target) inRepo(repo string) bool {
	if t.Repo == "" || strings.EqualFold(repo, t.Repo) {
		return true
	}
	n := len(repo) - len(t.Repo)
	return n > 0 && repo[n-1] == '/' && strings.EqualFold(repo[n:], t.Repo)
}

// findObject finds a CommitStatus, and the page of its commit.
func (c Client) findObject(ctx context.Context, id string) (Answer, error) {
	results, err := c.search(ctx, id)
	if err != nil {
		return Answer{}, err
	}
	like := map[string]web.Object{}
	for _, r := range results.objects {
		if r.ID == id {
			return c.pageOf(ctx, r)
		}
		like[r.ID] = r.Object
	}
	if len(like) > 0 {
		return Answer{}, fmt.Errorf("%w of CommitStatus %s. There are:%s", errUnknown, id, list(like, results.more))
	}
	return Answer{}, fmt.Errorf("%w of CommitStatus %s: no member that the hub has read has one. Is its cluster a member (commit-status-hub cluster list)?", errUnknown, id)
}

// pageOf returns the page of a CommitStatus's commit, which has its name.
func (c Client) pageOf(ctx context.Context, r found) (Answer, error) {
	if r.Path == "" {
		return Answer{Body: r.body, Object: &r.Object}, nil
	}
	body, page, err := c.commitPage(ctx, r.Repo, r.SHA, "")
	if errors.Is(err, errUnknown) {
		// It has changed, or gone, since.
		return Answer{Body: r.body, Object: &r.Object}, nil
	}
	if err != nil {
		return Answer{}, err
	}
	if !slices.ContainsFunc(page.Names, func(n web.Name) bool { return has(n, r.ID) }) {
		if one, only, err := c.commitPage(ctx, r.Repo, r.SHA, r.Name); err == nil && len(only.Names) > 0 {
			body, page = one, only
		}
	}
	return Answer{Body: body, Page: page, Object: &r.Object}, nil
}

// has reports whether a CommitStatus is among the claims of a name.
func has(n web.Name, id string) bool {
	return slices.ContainsFunc(n.Claims, func(o web.Object) bool { return o.ID == id })
}

// list lists what was found, a line each.
func list(found map[string]web.Object, more bool) string {
	lines := slices.Sorted(maps.Keys(found))
	if n := len(lines) - mostListed; n > 0 {
		lines = append(lines[:mostListed:mostListed], fmt.Sprintf("and %d more", n))
	} else if more {
		lines = append(lines, "and maybe others")
	}
	return "\n  " + strings.Join(lines, "\n  ")
}
