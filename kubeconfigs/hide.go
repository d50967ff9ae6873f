package kubeconfigs

import (
	"bytes"
	"io"
	"net/http"
	"strings"
)

const (
	// errorLimit bounds what is read of an error's text.
	errorLimit = 1 << 20
	// hidden is in the place of a token.
	hidden = "***"
	// shortestSecret is how long a token must be to be hidden: to replace less would
	// spoil the text and hide nothing.
	shortestSecret = 8
)

// hide takes the token out of what a member answers: errors, and what is no answer that
// makes sense, are told in logs, events and metrics.
func hide(response *http.Response, token string) {
	if len(token) < shortestSecret {
		return
	}
	response.Status = strings.ReplaceAll(response.Status, token, hidden)
	for _, values := range response.Header {
		for i := range values {
			values[i] = strings.ReplaceAll(values[i], token, hidden)
		}
	}
	if response.StatusCode < http.StatusBadRequest {
		response.Body = &masked{ReadCloser: response.Body, secret: []byte(token)}
		return
	}
	text, err := io.ReadAll(io.LimitReader(response.Body, errorLimit))
	text = bytes.ReplaceAll(text, []byte(token), []byte(hidden))
	response.ContentLength = int64(len(text))
	response.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(text), failing{err}), response.Body}
}

// failing is a reader at its end, or at an error.
type failing struct{ err error }

// Read implements io.Reader.
func (f failing) Read([]byte) (int, error) {
	if f.err != nil {
		return 0, f.err
	}
	return 0, io.EOF
}

// hideIn takes the token out of an error, which may quote what is no HTTP.
func hideIn(err error, token string) error {
	if len(token) < shortestSecret || !strings.Contains(err.Error(), token) {
		return err
	}
	return &quiet{error: err, token: token}
}

// quiet is an error without a token in its text.
type quiet struct {
	error
	token string
}

// Error is the text without the token.
func (q *quiet) Error() string { return strings.ReplaceAll(q.error.Error(), q.token, hidden) }

// Unwrap is the error, whose text has the token.
func (q *quiet) Unwrap() error { return q.error }

// masked is a body with asterisks in the place of a secret, as many as that has bytes. It
// keeps nothing back but what may be the beginning of the secret.
type masked struct {
	io.ReadCloser
	secret []byte
	// ready is to be read next, and then held, which the secret may begin with.
	ready, held []byte
	err         error
}

// Read implements io.Reader.
func (m *masked) Read(p []byte) (int, error) {
	for len(m.ready) == 0 && m.err == nil {
		n, err := m.ReadCloser.Read(p)
		text := p[:n]
		if len(m.held) > 0 {
			text = append(m.held, text...)
		}
		m.mask(text)
		kept := 0
		if err == nil {
			kept = m.begun(text)
		}
		if kept == 0 && len(m.held) == 0 {
			return n, err
		}
		m.ready, m.held = bytes.Clone(text[:len(text)-kept]), bytes.Clone(text[len(text)-kept:])
		m.err = err
	}
	n := copy(p, m.ready)
	if m.ready = m.ready[n:]; len(m.ready) > 0 {
		return n, nil
	}
	return n, m.err
}

func (m *masked) mask(text []byte) {
	for {
		at := bytes.Index(text, m.secret)
		if at < 0 {
			return
		}
		text = text[at:]
		copy(text, bytes.Repeat([]byte("*"), len(m.secret)))
	}
}

// begun is how much of the end of a text may be the beginning of the secret.
func (m *masked) begun(text []byte) int {
	for tail := text[max(0, len(text)-len(m.secret)+1):]; ; tail = tail[1:] {
		at := bytes.IndexByte(tail, m.secret[0])
		if at < 0 {
			return 0
		}
		if tail = tail[at:]; bytes.HasPrefix(m.secret, tail) {
			return len(tail)
		}
	}
}
