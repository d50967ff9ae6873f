package ledger

// Writing says that a write to a key begins, and the function that it returns that
// it has ended, whatever came of it. What is listed meanwhile says nothing of the key. ok is
// false where something else of the key has changed since the job was made, so that nothing must
// be written.
func (l *Ledger) Writing(key Key, job Job) (ended func(), ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if e := l.entryOf(key); e == nil || e.writes != job.writes {
		return nil, false
	}
	l.countWrite(key)
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.countWrite(key)
	}, true
}

func (l *Ledger) countWrite(key Key) {
	if e := l.entryOf(key); e != nil {
		e.writes++
	}
	if c := l.commits[commitOf(key)]; c != nil {
		c.tags = nil
	}
}
