package kubeconfigs

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"

	"k8s.io/apimachinery/pkg/runtime"
)

// What the hub takes from a member in one piece. Both are several times what an API server
// can hold: etcd takes requests of 1.5 MiB at most.
const (
	// answerLimit is for the body of any answer but a watch's. A list is asked for by pages.
	answerLimit = 32 << 20
	// checkLimit is for the answer to a check, which asks for one object.
	checkLimit = 4 << 20
	// eventLimit is for one event of a watch.
	eventLimit = 8 << 20
)

// errTooLarge is why an answer is not read to its end.
var errTooLarge = errors.New("the member's answer is larger than the hub takes")

// bound has an answer end where it becomes too large.
func bound(request *http.Request, response *http.Response) {
	if isWatch(request) {
		response.Body = &framed{ReadCloser: response.Body, limit: eventLimit}
		return
	}
	limit := int64(answerLimit)
	if isCheck(request.Context()) {
		limit = checkLimit
	}
	response.Body = &capped{ReadCloser: response.Body, left: limit}
}

// mistyped is an error where a list or a watch is answered with what does not even claim to
// be JSON, such as a proxy's page.
func mistyped(request *http.Request, response *http.Response) error {
	if !watched(request) || response.StatusCode >= http.StatusBadRequest {
		return nil
	}
	claimed := response.Header.Get("Content-Type")
	if kind, _, err := mime.ParseMediaType(claimed); claimed != "" && (err != nil || kind != runtime.ContentTypeJSON) {
		return fmt.Errorf("the member answers with %q in the place of JSON", claimed)
	}
	return nil
}

// capped is a body that ends with errTooLarge after so many bytes.
type capped struct {
	io.ReadCloser
	left int64
}

// Read implements io.Reader.
func (c *capped) Read(p []byte) (int, error) {
	if c.left <= 0 {
		// There may be exactly as much as is allowed.
		var more [1]byte
		n, err := c.ReadCloser.Read(more[:])
		if n > 0 {
			return 0, errTooLarge
		}
		return 0, err
	}
	n, err := c.ReadCloser.Read(p[:min(int64(len(p)), c.left)])
	c.left -= int64(n)
	return n, err
}

// framed is the body of a watch, a stream of JSON values. client-go reads each of them as
// a whole, however large it is; here it ends with errTooLarge.
type framed struct {
	io.ReadCloser
	limit int
	value value
}

// value is how far a stream is in one JSON value. Of what is no JSON only the bytes count.
type value struct {
	// size is how much of it there has been, and depth how many of its brackets are open.
	size, depth      int
	inString, escape bool
}

// Read implements io.Reader.
func (f *framed) Read(p []byte) (int, error) {
	n, err := f.ReadCloser.Read(p)
	v := f.value // a copy is far faster
	for _, b := range p[:n] {
		if v = v.next(b); v.size > f.limit {
			return 0, errTooLarge
		}
	}
	f.value = v
	return n, err
}

func (v value) next(b byte) value {
	v.size++
	switch {
	case v.escape:
		v.escape = false
	case v.inString:
		v.inString, v.escape = b != '"', b == '\\'
	case b == '"':
		v.inString = true
	case b == '{' || b == '[':
		v.depth++
	case b == '}' || b == ']':
		if v.depth--; v.depth <= 0 {
			v.depth, v.size = 0, 0
		}
	}
	return v
}
