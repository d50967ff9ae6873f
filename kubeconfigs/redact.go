package kubeconfigs

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"path"

	"github.com/argoproj-labs/commit-status-hub/ratelimit/response"
)

// longestText bounds, in characters, each text in an error that a member answers with.
const longestText = 1024

// hide removes the token from a member's responses. Of an error it leaves texts that are safe
// in logs, events and on terminals: without the token, however it is spelled, and without
// control characters. In other responses the token is masked; in those to writes, which are
// quoted in errors, escaped as JSON too. The body is bounded.
func hide(request *http.Request, answer *http.Response, token string) {
	switch {
	case answer.StatusCode >= http.StatusBadRequest:
		secrets := newRedactor(token)
		answer.Status = secrets.line(answer.Status)
		for _, values := range answer.Header {
			for i := range values {
				values[i] = secrets.line(values[i])
			}
		}
		text, err := io.ReadAll(answer.Body)
		response.SetBody(answer, cleanError(text, secrets), err)
	case len(token) < response.ShortestSecret:
	case request.Method != http.MethodGet && path.Base(request.URL.Path) != "token":
		// A new token has much in common with the one in use, and is not told.
		text, err := io.ReadAll(answer.Body)
		if bytes.Contains(text, []byte(token)) || bytes.Contains(text, []byte(`\u00`)) {
			text = []byte(response.NewRedactor(token).Redact(string(text)))
		}
		response.SetBody(answer, text, err)
	default:
		answer.Body = &masked{ReadCloser: answer.Body, secret: []byte(token)}
	}
}

// redactor makes what a member says fit for logs, events and terminals.
type redactor struct{ *response.Redactor }

func newRedactor(token string) redactor { return redactor{response.NewRedactor(token)} }

// line returns a text in one line, without the token, and not too long.
func (r redactor) line(text string) string { return shortened(r.Redact(text), longestText) }

// lines is line for every text in a value of JSON.
func (r redactor) lines(value any) any {
	switch v := value.(type) {
	case string:
		return r.line(v)
	case []any:
		for i := range v {
			v[i] = r.lines(v[i])
		}
	case map[string]any:
		out := make(map[string]any, len(v))
		for key, each := range v {
			out[r.line(key)] = r.lines(each)
		}
		return out
	}
	return value
}

// cleanError returns the body of an error with only safe texts.
func cleanError(body []byte, secrets redactor) []byte {
	var parsed any
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	if decoder.Decode(&parsed) == nil {
		if encoded, err := json.Marshal(secrets.lines(parsed)); err == nil {
			return encoded
		}
	}
	return []byte(secrets.line(string(body)))
}

// hideIn takes the token, and control characters, out of the text of an error, which may
// quote what is no HTTP.
func hideIn(err error, token string) error {
	if err == nil {
		return nil
	}
	text := err.Error()
	clean := newRedactor(token).line(text)
	if clean == text {
		return err
	}
	return &quiet{error: err, text: clean}
}

// quiet is an error with another text.
type quiet struct {
	error
	text string
}

// Error returns the safe text.
func (q *quiet) Error() string { return q.text }

// Unwrap returns the error, whose text is not safe.
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
