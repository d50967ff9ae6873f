package kubeconfigs

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"

	"k8s.io/apimachinery/pkg/runtime"
)

// What the hub takes from a member in one piece. An API server holds no object over 2 MiB:
// etcd takes requests of 1.5 MiB at most.
const (
	// answerLimit is for a page of a list, which is read object by object.
	answerLimit = 32 << 20
	// checkLimit is for the answer to a check, which asks for one object.
	checkLimit = 4 << 20
)

// errTooLarge is why an answer is not read to its end.
var errTooLarge = errors.New("the member's answer is larger than the hub takes")

// bound has an answer end where it becomes too large.
func bound(request *http.Request, response *http.Response) {
	if isWatch(request) {
		return // its events are bounded one by one
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
