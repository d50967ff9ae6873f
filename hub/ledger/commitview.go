package ledger

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/argoproj-labs/commit-status-hub/providers"
)

// CommitView is what the ledger knows of one commit: copies for a reader, which nothing changes
// afterwards.
type CommitView struct {
	// Host is the SCM's, with its port and the path of its root, and Repository the path as a claim
	// spells it. Joined by "/" they are a CommitStatus's status.repo.
	Host, Repository, SHA string
	// Key is the commit's, without a name.
	Key Key
	// Names are the statuses of the page asked for, sorted by name, of Total.
	Names []NameView
	Total int
}

// NameView is one named status on a commit.
type NameView struct {
	Name string
	// Shown is what the SCM showed last, nil for nothing or for what is not known yet.
	Shown *providers.Shown
	// Certain reports whether this process read or wrote what is shown, or a seal proves it.
	Certain bool
	// UpdatedAt is when what is shown was written, or read and found changed; zero if unknown.
	UpdatedAt time.Time
	// Wanted is what the claims want shown, as the SCM renders it; nil where no claim counts.
	Wanted *providers.Status
	// Owner is the CommitStatus whose claim is shown, and Joined how many claims are shown as one,
	// 0 where the owner's is shown alone.
	Owner  ObjectID
	Joined int
	// ScmProvider writes the status, and Installation is the one whose budget pays for it, ""
	// where that is not known before a request.
	ScmProvider, Installation string
	// Drift says in which fields the SCM shows somebody else's change, "" for none.
	Drift string
	Next  NextStep
	// Claims are the claims of the page asked for, the owner's first, and Total how many there are.
	Claims []ObjectView
	Total  int
}

// CommitQuery selects what is read of a commit.
type CommitQuery struct {
	// Repo is the host and the path of the repository, as in a CommitStatus's status.repo.
	Repo string
	// SHA is the full hash.
	SHA string
	// Name selects one status; "" selects all.
	Name string
	// Names and Claims are the pages of names, and of the claims of each name.
	Names, Claims Page
}

// Page is a part of a list.
type Page struct{ Offset, Limit int }

// part returns the page's part of a list.
func part[T any](list []T, p Page) []T {
	from := min(max(p.Offset, 0), len(list))
	return list[from:min(from+max(p.Limit, 0), len(list))]
}

// Commit returns what is known of a commit, also of one by a former path of its repository, or on
// which nothing but refused claims are. ok is false where there is nothing. Between two names
// others have the lock: each name is as it was at a time of its own.
func (l *Ledger) Commit(q CommitQuery) (_ CommitView, ok bool) {
	out, names := l.commitNames(q)
	out.Total = len(names)
	for _, name := range part(slices.Sorted(maps.Keys(names)), q.Names) {
		if v, repository, ok := l.nameOn(name, names[name], q.Claims); ok {
			out.Repository = cmp.Or(repository, out.Repository)
			out.Names = append(out.Names, v)
		}
	}
	return out, out.Total > 0
}

// namePlace is where a name is found once more: its key, and the objects without a claim that are
// about it.
type namePlace struct {
	key     Key
	refused []ObjectID
}

// commitNames returns the names of a query's statuses.
func (l *Ledger) commitNames(q CommitQuery) (out CommitView, names map[string]namePlace) {
	l.mu.Lock()
	defer l.mu.Unlock()
	at := l.commitKeys(q)
	names = map[string]namePlace{}
	for key := range at {
		c := l.commits[key]
		if c == nil && out.Host != "" {
			continue
		}
		out.Key, out.Host, out.Repository, out.SHA = key, key.Host, key.Repository, key.SHA
		if c == nil {
			continue
		}
		for _, e := range c.entries {
			if q.selects(e.name) {
				names[e.name] = namePlace{key: e.key()}
			}
		}
	}
	for o := range l.unclaimed.bySHA[strings.ToLower(q.SHA)] {
		key, ok := l.aboutKey(o)
		if _, on := at[commitOf(key)]; ok && on && q.selects(key.Name) && !l.isCopy(o) {
			place := names[key.Name]
			names[key.Name] = namePlace{key: key, refused: append(place.refused, o.id())}
		}
	}
	return out, names
}

// nameOn returns what is known of one name on a commit; ok is false where nothing is any more.
func (l *Ledger) nameOn(name string, place namePlace, page Page) (_ NameView, repository string, ok bool) {
	slices.SortFunc(place.refused, compareIDs)
	l.mu.Lock()
	defer l.mu.Unlock()
	e := l.entryOf(place.key)
	var refused []*object
	for _, id := range place.refused {
		if o := l.objectAt(id); o != nil && o.problem != nil {
			refused = append(refused, o)
		}
	}
	if e == nil && refused == nil {
		return NameView{}, "", false
	}
	v, repository := l.nameView(name, e, refused, page)
	return v, repository, true
}

// selects reports whether a query is about a name.
func (q CommitQuery) selects(name string) bool {
	return q.Name == "" || strings.EqualFold(q.Name, name)
}

// commitKeys returns the commits of a query. ScmProviders of several kinds or roots may have one host.
func (l *Ledger) commitKeys(q CommitQuery) map[Key]struct{} {
	out := map[Key]struct{}{}
	for _, s := range l.scms {
		if s.kind == nil {
			continue
		}
		if repository, ok := cutHost(q.Repo, s.host); ok {
			out[commitOf(s.keyToday(s.keyOf(s.host, repository, q.SHA, "")))] = struct{}{}
		}
	}
	return out
}

// cutHost returns what follows a host in a path; hosts are compared without regard to case.
func cutHost(repo, host string) (path string, ok bool) {
	if len(repo) <= len(host)+1 || repo[len(host)] != '/' || !strings.EqualFold(repo[:len(host)], host) {
		return "", false
	}
	return repo[len(host)+1:], true
}

// aboutKey returns the key that an object claims, would claim, or claimed last; ok is false where
// its references do not say.
func (l *Ledger) aboutKey(o *object) (_ Key, ok bool) {
	if o.problem == nil {
		return o.key(), o.at != nil
	}
	if o.repo == nil || o.repo.GitRepo == nil || checkPath(o.repo.Spec.Repository) != nil || !isFullSHA(o.source.Spec.SHA) {
		return l.keptKey(o)
	}
	s := l.scms[o.repo.Spec.ScmProviderRef.Name]
	if s == nil || s.kind == nil {
		return l.keptKey(o)
	}
	return s.keyToday(s.keyOf(s.host, o.repo.Spec.Repository, o.source.Spec.SHA, o.source.Spec.Name)), true
}

// keptKey returns the key that an object without a claim keeps.
func (l *Ledger) keptKey(o *object) (_ Key, ok bool) {
	e := l.entryOf(o.key())
	if e == nil {
		return Key{}, false
	}
	_, ok = e.kept[o.id()]
	return o.key(), ok
}

// nameView returns what is known of one name; e is nil where only refused claims are about it. The
// second result is the path of the repository as the owner spells it, "" where nobody owns it.
func (l *Ledger) nameView(name string, e *entry, refused []*object, page Page) (NameView, string) {
	out := NameView{Name: name, Total: len(refused)}
	if e == nil {
		out.Next = NextStep{What: NextNothing, Message: "Nothing is written: no claim on this status counts."}
		out.Claims = l.objectViews(part(refused, page))
		return out, ""
	}
	v, claimed := l.verdict(e)
	claims := oldestFirst(e)
	out.Total += len(claims)
	out.Shown, out.Certain, out.UpdatedAt, out.ScmProvider = e.Shown, e.Certain(), e.updatedAt, e.writer
	out.Next = l.nextStep(e)
	repository := ""
	if claimed {
		s := l.scms[v.Owner.Provider]
		repository, out.Name = v.Owner.Repository, v.Owner.Name
		out.Owner, out.ScmProvider = v.Owner.Object, v.Owner.Provider
		if v.Joined != nil {
			out.Joined = v.Joined.Claims
		}
		want := v.Want
		if s.account != nil {
			out.Installation, _ = s.account.Lane(v.Owner.Repository)
			want = s.account.Render(want)
		}
		out.Wanted = &want
		if e.driftFrom(v.Want) && !e.doubtful() && s.account != nil {
			out.Drift = driftMessage(s.kind.Title(), e.Shown, want)
		}
	}
	for _, o := range part(claims, page) {
		out.Claims = append(out.Claims, l.claimView(o, e, v, claimed))
	}
	rest := Page{Offset: page.Offset - len(claims), Limit: page.Limit - len(out.Claims)}
	out.Claims = append(out.Claims, l.objectViews(part(refused, rest))...)
	return out, repository
}

// oldestFirst returns the claimants of an entry, those of members that are not synced last where
// there are many.
func oldestFirst(e *entry) []*object {
	t := e.claimIndex()
	if t == nil {
		claims := slices.Clone(e.claims)
		slices.SortFunc(claims, olderClaimant)
		return claims
	}
	if len(t.oldestFirst) == len(e.claims) {
		return t.oldestFirst
	}
	return slices.Concat(t.oldestFirst, slices.DeleteFunc(slices.Clone(e.claims), func(o *object) bool { return o.counted }))
}

// claimView returns how a claimant stands today, also where that is not published yet.
func (l *Ledger) claimView(o *object, e *entry, v Verdict, claimed bool) ObjectView {
	out := l.objectView(o)
	out.Owner = claimed && v.Owner.Object == o.id()
	in := statusInput{generation: o.source.Generation, before: o.statusNow()}
	if in, ok := l.statusInputBy(in, o, e, v, claimed); ok {
		if status, ok := statusOf(in, l.clock.Now()); ok {
			out.report(status)
		}
	}
	return out
}

func (l *Ledger) objectViews(objects []*object) []ObjectView {
	var out []ObjectView
	for _, o := range objects {
		out = append(out, l.objectView(o))
	}
	return out
}
