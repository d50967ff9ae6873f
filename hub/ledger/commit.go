package ledger

import "slices"

// fewNames is how many names on one commit are looked through for one of them. Most commits
// have fewer, and a map of them takes more memory than they do.
const fewNames = 16

// commit is what the ledger knows of one commit, the unit in which SCMs are listed.
type commit struct {
	// at is the key of the commit, which has no name.
	at Key
	// old reports whether it was known so soon after the start that an earlier hub may have
	// written a status there that no present status mentions.
	old     bool
	entries []*entry
	// byName are the entries by name, nil while they are few.
	byName map[string]*entry
	// tags are what the last lists of the commit were named, by writer. Any write of
	// ours there forgets them: the same change by others again would else be taken
	// for what was listed before.
	tags map[string]string
	// looks are the writers as whom it is being listed for keys that need a look.
	looks map[string]struct{}
}

// commitOf is the key of the commit that a key is on.
func commitOf(key Key) Key {
	key.Name = ""
	return key
}

// entryOf is the entry of a key, nil where there is none.
func (l *Ledger) entryOf(key Key) *entry {
	c := l.commits[commitOf(key)]
	if c == nil {
		return nil
	}
	return c.named(key.Name)
}

func (c *commit) named(name string) *entry {
	if c.byName != nil {
		return c.byName[name]
	}
	for _, e := range c.entries {
		if e.name == name {
			return e
		}
	}
	return nil
}

// another reports whether is returns true for another entry on the commit.
func (c *commit) another(than *entry, is func(*entry) bool) bool {
	return slices.ContainsFunc(c.entries, func(e *entry) bool { return e != than && is(e) })
}

// entryToday is the entry of a key to which an outcome belongs: that of another key if the path
// of today of its repository was learned meanwhile. It is nil where there is none.
func (l *Ledger) entryToday(key Key) *entry {
	if e := l.entryOf(key); e != nil {
		return e
	}
	moves := l.moved[siteOf(key)]
	if m, ok := moves.of(key.Repository); ok {
		key.Repository = moves.fold(m.To)
		return l.entryOf(key)
	}
	return nil
}

// entryAt is the entry of a key, and made where there is none.
func (l *Ledger) entryAt(key Key) *entry {
	at := commitOf(key)
	c := l.commits[at]
	if c == nil {
		c = &commit{at: at, old: l.started.IsZero() || l.clock.Since(l.started) <= takeOverWindow || l.mayShow(at)}
		l.commits[at] = c
	}
	e := c.named(key.Name)
	if e != nil {
		return e
	}
	e = &entry{on: c, name: key.Name}
	e.slot = int32(len(c.entries))
	c.entries = append(c.entries, e)
	switch {
	case c.byName != nil:
		c.byName[e.name] = e
	case len(c.entries) > fewNames:
		c.byName = map[string]*entry{}
		for _, each := range c.entries {
			c.byName[each.name] = each
		}
	}
	l.keys++
	return e
}

// drop forgets an entry.
func (l *Ledger) drop(e *entry) {
	e.dropAbandonment()
	l.setWaitFor(e, "")
	c := e.on
	last := len(c.entries) - 1
	moved := c.entries[last]
	moved.slot = e.slot
	c.entries[e.slot], c.entries[last] = moved, nil
	c.entries = c.entries[:last]
	delete(c.byName, e.name)
	if len(c.entries) == 0 {
		delete(l.commits, c.at)
		if c.old {
			l.tombstones.add(c.at, untold)
		}
	}
	l.keys--
}

// entries are all of a ledger.
func (l *Ledger) entries(yield func(*entry) bool) {
	for _, c := range l.commits {
		for _, e := range c.entries {
			if !yield(e) {
				return
			}
		}
	}
}
