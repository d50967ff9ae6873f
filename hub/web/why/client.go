package why

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/argoproj-labs/commit-status-hub/hub/web"
)

// maxAnswer is the largest answer that is read, in bytes. A page of names with 20 claims each has a
// thousandth of that, mostly.
const maxAnswer = 64 << 20

// errUnknown is the error of what the fleet page does not know.
var errUnknown = errors.New("nothing is known")

// Client reads the JSON interface of a fleet page.
type Client struct {
	HTTP *http.Client
	// Base is the address of the fleet page, without a slash at its end.
	Base string
	// Token is sent as a bearer token, unless it is empty.
	Token string
}

// get reads one answer, which is JSON.
func (c Client) get(ctx context.Context, path string, query url.Values) (json.RawMessage, error) {
	address := c.Base + "/api/v1" + path
	if len(query) > 0 {
		address += "?" + query.Encode()
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return nil, fmt.Errorf("asking the fleet page: %w", err)
	}
	request.Header.Set("Accept", "application/json")
	if c.Token != "" {
		request.Header.Set("Authorization", "Bearer "+c.Token)
	}
	response, err := c.HTTP.Do(request)
	if err != nil {
		return nil, fmt.Errorf("asking the fleet page: %w", err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("reading the answer of the fleet page: %w", err)
	case len(body) > maxAnswer:
		return nil, fmt.Errorf("the answer of the fleet page has more than %d MiB", maxAnswer>>20)
	}
	return check(response, body)
}

// check returns what was answered, or why it is of no use.
func check(response *http.Response, body []byte) (json.RawMessage, error) {
	var failure web.Failure
	isJSON := json.Valid(body)
	if isJSON && response.StatusCode != http.StatusOK {
		_ = json.Unmarshal(body, &failure) // whatever else it is has no reason
	}
	switch code := response.StatusCode; {
	case code == http.StatusOK && isJSON:
		return body, nil
	case code == http.StatusNotFound && failure.Error != "":
		return nil, errUnknown
	case code == http.StatusUnauthorized:
		return nil, errors.New("the fleet page does not accept the token, or there is none: --token-file names a file with one")
	case code == http.StatusForbidden:
		return nil, errors.New("the fleet page does not let you in: the token's account needs the verb get on the non-resource URL /fleet")
	case code >= 300 && code < 400:
		return nil, fmt.Errorf("the fleet page redirects to %q, which is not followed: give --server that address", response.Header.Get("Location"))
	case failure.Error != "":
		return nil, fmt.Errorf("the fleet page answers %s: %s", response.Status, failure.Error)
	case code == http.StatusOK || code == http.StatusNotFound:
		return nil, errors.New("there is no fleet page at this address: what answers is not the hub's")
	}
	return nil, fmt.Errorf("the fleet page answers %s", response.Status)
}

// commitPage reads the page of a commit; with a name, what is on that page of this name alone.
func (c Client) commitPage(ctx context.Context, repo, sha, name string) (json.RawMessage, *web.CommitPage, error) {
	path := "/commits"
	for part := range strings.SplitSeq(repo+"/"+sha, "/") {
		path += "/" + url.PathEscape(part)
	}
	query := url.Values{}
	if name != "" {
		query.Set("name", name)
	}
	body, err := c.get(ctx, path, query)
	if err != nil {
		return nil, nil, err
	}
	page := &web.CommitPage{}
	if err := json.Unmarshal(body, page); err != nil {
		return nil, nil, fmt.Errorf("decoding the page of a commit: %w", err)
	}
	return body, page, nil
}

// found is one result of a search, and how it was sent.
type found struct {
	web.Object
	body json.RawMessage
}

// results are those of a search. more reports whether there may be others, and body is the first answer.
type results struct {
	objects []found
	more    bool
	body    json.RawMessage
}

// mostPages is how many pages of a search are read.
const mostPages = 50

// search returns all CommitStatuses that contain some words.
func (c Client) search(ctx context.Context, words string) (results, error) {
	var out results
	for number := 1; number <= mostPages; number++ {
		body, err := c.get(ctx, "/search", url.Values{"q": {words}, "page": {strconv.Itoa(number)}})
		if err != nil {
			return results{}, err
		}
		var page struct {
			web.SearchPage
			Results []json.RawMessage `json:"results"`
		}
		if err := json.Unmarshal(body, &page); err != nil {
			return results{}, fmt.Errorf("decoding a search: %w", err)
		}
		for _, each := range page.Results {
			result := found{body: each}
			if err := json.Unmarshal(each, &result.Object); err != nil {
				return results{}, fmt.Errorf("decoding a search: %w", err)
			}
			out.objects = append(out.objects, result)
		}
		if out.body == nil {
			out.body = body
		}
		out.more = page.More
		if len(page.Results) == 0 || len(out.objects) >= page.Total {
			return out, nil
		}
	}
	out.more = true
	return out, nil
}
