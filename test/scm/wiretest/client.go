// Package wiretest is what tests of the fake SCMs share: a client that sends what a test says, and
// that knows nothing of any SCM.
package wiretest

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// Client sends requests.
type Client struct{ HTTP *http.Client }

// NewClient makes a client of a fake SCM, which is closed with it when the test ends.
func NewClient(t *testing.T, scm interface{ Close() }) *Client {
	t.Helper()
	c := &Client{&http.Client{Transport: &http.Transport{}}}
	t.Cleanup(func() {
		scm.Close()
		c.HTTP.CloseIdleConnections()
	})
	return c
}

// StayPut has the client follow no redirects.
func (c *Client) StayPut() {
	c.HTTP.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
}

// Try sends a request with headers, each a name and a value. It returns the error of a request that
// got no whole answer.
func (c *Client) Try(ctx context.Context, method, url, body string, headers ...string) (Answer, error) {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		return Answer{}, err
	}
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	response, err := c.HTTP.Do(request)
	if err != nil {
		return Answer{}, err
	}
	defer func() { _ = response.Body.Close() }()
	raw, err := io.ReadAll(response.Body)
	return Answer{Status: response.StatusCode, Header: response.Header, Body: string(raw)}, err
}

// Answer is what came back.
type Answer struct {
	Status int
	Header http.Header
	Body   string
}

// JSON is the object that the body is, nil for none.
func (a Answer) JSON() (object map[string]any) {
	_ = json.Unmarshal([]byte(a.Body), &object)
	return object
}

// List are the objects of the list that the body is, nil for none.
func (a Answer) List() (objects []map[string]any) {
	_ = json.Unmarshal([]byte(a.Body), &objects)
	return objects
}

// Text is the text at a path in the body's object, "" for none.
func (a Answer) Text(path ...string) string {
	var v any = a.JSON()
	for _, name := range path {
		object, _ := v.(map[string]any)
		v = object[name]
	}
	text, _ := v.(string)
	return text
}

// Number is a whole number in the body's object, 0 for none.
func (a Answer) Number(name string) int64 {
	number, _ := a.JSON()[name].(float64)
	return int64(number)
}
