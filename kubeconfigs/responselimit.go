package kubeconfigs

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"

	"k8s.io/apimachinery/pkg/runtime"

	"github.com/argoproj-labs/commit-status-hub/ratelimit/response"
)

// What the hub takes from a member in one piece. An API server holds no object over 2 MiB:
// etcd takes requests of 1.5 MiB at most.
const (
	// pageLimit is for a page of a list, which is read object by object.
	pageLimit = 16 << 20
	// checkLimit is for the answer to a check, which asks for one object.
	checkLimit = 4 << 20
	// answerLimit is for any other answer, which is decoded as a whole, and answerValues is
	// how many values it may have: one byte of JSON can become a hundred of memory.
	answerLimit  = 4 << 20
	answerValues = 20_000
	// failureLimit is for the body of an error. What is longer is cut off.
	failureLimit = 64 << 10
	// headersLimit is for the headers of an answer.
	headersLimit = 64 << 10
	// streamBuffer is how much of one response HTTP/2 buffers before the hub reads it, and
	// connectionBuffer how much of all responses of a member.
	streamBuffer, connectionBuffer = 512 << 10, 16 << 20
)

// errTooLarge is why an answer is not read to its end.
var errTooLarge = errors.New("the member's answer is larger than the hub takes")

// bound has an answer end where it becomes too large.
func bound(request *http.Request, answer *http.Response) {
	switch {
	case answer.StatusCode >= http.StatusBadRequest:
		answer.Body = struct {
			io.Reader
			io.Closer
		}{io.LimitReader(answer.Body, failureLimit), answer.Body}
	case isCheck(request.Context()):
		answer.Body = capped(answer.Body, checkLimit)
	case isWatch(request):
		// Its events are bounded one by one.
	case isPage(request.Context()):
		answer.Body = capped(answer.Body, pageLimit)
	default:
		answer.Body = &counted{ReadCloser: capped(answer.Body, answerLimit)}
	}
}

// capped returns a body that fails with errTooLarge after so many bytes.
func capped(body io.ReadCloser, limit int64) *response.Capped {
	return &response.Capped{ReadCloser: body, Left: limit, Err: errTooLarge}
}

// mistyped is an error where an answer claims to be what the hub did not ask for: a proxy's
// page in the place of a list, or what is no text at all, of which nobody counts the values.
func mistyped(request *http.Request, answer *http.Response) error {
	claimed := answer.Header.Get("Content-Type")
	if claimed == "" || answer.StatusCode >= http.StatusBadRequest {
		return nil
	}
	kind, _, err := mime.ParseMediaType(claimed)
	switch {
	case err == nil && kind == runtime.ContentTypeJSON:
	case err == nil && strings.HasPrefix(kind, "text/") && !watched(request):
	default:
		return fmt.Errorf("the member answers with %.100q in the place of JSON", claimed)
	}
	return nil
}

// counted is a body of one JSON value that ends with errTooMany after so many values in it.
type counted struct {
	io.ReadCloser
	at   position
	over bool // the value is, or what is there is no JSON
}

// Read implements io.Reader.
func (c *counted) Read(p []byte) (int, error) {
	n, err := c.ReadCloser.Read(p)
	if c.over || n == 0 {
		return n, err
	}
	text := p[:n]
	if c.at == (position{}) {
		text = bytes.TrimLeft(text, " \t\r\n")
	}
	_, done, wrong := c.at.walk(text)
	c.over = done || wrong != nil
	if c.at.values > answerValues || c.at.deepest > depthLimit {
		return 0, errTooMany
	}
	return n, err
}
