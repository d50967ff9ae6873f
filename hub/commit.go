package hub

import "slices"

// commit is what the ledger knows of one commit, the unit in which SCMs are listed.
type commit struct {
	entries []*entry
	// tags are what the last lists of the commit were named, by writer. Any write of
	// ours there forgets them: the same change by others again would else be taken
	// for what was listed before.
	tags map[string]string
}

// commitOf is the key of the commit that a key is on.
func commitOf(key Key) Key {
	key.Name = ""
	return key
}

func (l *Ledger) addToCommit(e *entry) {
	at := commitOf(e.key)
	c := l.commits[at]
	if c == nil {
		c = &commit{}
		l.commits[at] = c
	} else {
		first := c.entries[0].key
		e.key.Host, e.key.Repository, e.key.SHA = first.Host, first.Repository, first.SHA // whose texts they share
	}
	c.entries = append(c.entries, e)
}

func (l *Ledger) dropFromCommit(e *entry) {
	at := commitOf(e.key)
	c := l.commits[at]
	c.entries = slices.DeleteFunc(c.entries, func(each *entry) bool { return each == e })
	if len(c.entries) == 0 {
		delete(l.commits, at)
	}
}

// Writing says that a write to a key begins, and the function that it returns that
// it has ended, whatever came of it. What is listed meanwhile says nothing of the key.
func (l *Ledger) Writing(key Key) (ended func()) {
	l.countWrite(key)
	return func() { l.countWrite(key) }
}

func (l *Ledger) countWrite(key Key) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if e := l.keys[key]; e != nil {
		e.writes++
	}
	if c := l.commits[commitOf(key)]; c != nil {
		c.tags = nil
	}
}
