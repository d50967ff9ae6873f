package response

import (
	"bytes"
	"io"
	"net/http"
)

// Capped is a body that fails with Err after Left bytes.
type Capped struct {
	io.ReadCloser
	Left int64
	Err  error
}

// Read implements io.Reader.
func (c *Capped) Read(p []byte) (int, error) {
	if c.Left <= 0 {
		// Only one more byte distinguishes a body that just fits from a longer one.
		var more [1]byte
		n, err := c.ReadCloser.Read(more[:])
		if n > 0 {
			return 0, c.Err
		}
		return 0, err
	}
	n, err := c.ReadCloser.Read(p[:min(int64(len(p)), c.Left)])
	c.Left -= int64(n)
	return n, err
}

// SetBody gives a response another body, which ends with err, nil for io.EOF.
func SetBody(r *http.Response, text []byte, err error) {
	r.ContentLength = int64(len(text))
	r.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(text), Failing(err)), r.Body}
}

// Failing returns a reader that fails with err, nil for io.EOF.
func Failing(err error) io.Reader {
	if err == nil {
		err = io.EOF
	}
	return failing{err}
}

type failing struct{ err error }

// Read implements io.Reader.
func (f failing) Read([]byte) (int, error) { return 0, f.err }
