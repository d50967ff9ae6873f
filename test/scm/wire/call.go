package wire

import (
	"bytes"
	"net/http"
	"net/url"
	"time"
)

// Call is a request that arrived and what became of it. It holds neither the header
// with the credential nor, where the fake redacts, the value of a token.
type Call struct {
	// At is when the request arrived, and Answered when its answer was decided; zero
	// while there is none.
	At, Answered time.Time
	// Peer is the address that the connection came from.
	Peer   string
	Method string
	// Path is without Query, which is in its encoded form. GitLab's is escaped, as there
	// are slashes within its segments.
	Path, Query string
	// Operation is one of the fake's Op constants, or empty for a path that the API does
	// not have.
	Operation string
	// Status is what the client was answered, and 0 without an answer. If Lost, it is
	// what the client would have been answered.
	Status int
	// Lost says that the answer did not leave as a whole although the request was acted
	// upon.
	Lost bool
	// User is whose token it was, "" for nobody who is known.
	User string
	// App and Installation are who asked GitHub, as far as the credential proves it; 0
	// otherwise. For find_installation and create_token, Installation is the one that
	// was found.
	App, Installation int64
	// Injected says that a Fault met the request.
	Injected bool
	// Violation is which limit or announced pause the request disregarded.
	Violation                     string
	RequestHeader, ResponseHeader http.Header
	RequestBody, ResponseBody     []byte
}

// URL is the path and the query of a call whose Path is not escaped.
func (c Call) URL() *url.URL { return &url.URL{Path: c.Path, RawQuery: c.Query} }

func (c *Call) clone() Call {
	d := *c
	d.RequestHeader, d.ResponseHeader = c.RequestHeader.Clone(), c.ResponseHeader.Clone()
	d.RequestBody, d.ResponseBody = bytes.Clone(c.RequestBody), bytes.Clone(c.ResponseBody)
	return d
}
