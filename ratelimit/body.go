package ratelimit

import (
	"bytes"
	"errors"
	"io"
	"sync"
)

const (
	// maxBody is the longest answer that is read: a page of 100 check runs, each
	// with a summary of GitHub's 65535 characters, stays below it.
	maxBody = 10 << 20

	// maxErrorBody is how much of a refusal the classifier sees.
	maxErrorBody = 64 << 10
)

// errBodyTooLong ends the reading of an answer that is longer than maxBody.
var errBodyTooLong = errors.New("the answer is longer than 10 MiB")

// body is an answer's body that fails past maxBody, and that says when it is closed.
type body struct {
	io.Reader
	closer io.Closer
	left   int64
	once   sync.Once
	closed func()
}

// Read reads up to the cap.
func (b *body) Read(p []byte) (int, error) {
	if b.left <= 0 {
		// Only one more byte tells an answer that just fits from one that does not.
		if n, err := b.Reader.Read(make([]byte, 1)); n == 0 {
			return 0, err
		}
		return 0, errBodyTooLong
	}
	if int64(len(p)) > b.left {
		p = p[:b.left]
	}
	n, err := b.Reader.Read(p)
	b.left -= int64(n)
	return n, err
}

// Close closes the connection's body and releases what the request held.
func (b *body) Close() error {
	err := b.closer.Close()
	b.once.Do(b.closed)
	return err
}

// peek reads the start of r and returns it, and a reader that gives all of r again.
func peek(r io.Reader) (start []byte, whole io.Reader) {
	start, err := io.ReadAll(io.LimitReader(r, maxErrorBody))
	if err != nil {
		return start, io.MultiReader(bytes.NewReader(start), failing{err})
	}
	return start, io.MultiReader(bytes.NewReader(start), r)
}

// failing repeats an error that reading has met.
type failing struct{ err error }

// Read fails.
func (f failing) Read([]byte) (int, error) { return 0, f.err }
