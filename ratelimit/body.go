package ratelimit

import (
	"bytes"
	"errors"
	"io"
	"sync"

	"github.com/argoproj-labs/commit-status-hub/ratelimit/response"
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

// body is a response's body that fails past maxBody, and that calls closed once it is closed.
type body struct {
	io.Reader
	closer io.Closer
	once   sync.Once
	closed func()
}

// newBody returns a body that reads from start and closes closer.
func newBody(start io.Reader, closer io.Closer, closed func()) *body {
	return &body{Reader: &response.Capped{ReadCloser: io.NopCloser(start), Left: maxBody, Err: errBodyTooLong}, closer: closer, closed: closed}
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
		return start, io.MultiReader(bytes.NewReader(start), response.Failing(err))
	}
	return start, io.MultiReader(bytes.NewReader(start), r)
}
