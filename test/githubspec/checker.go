package githubspec

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"

	"github.com/argoproj-labs/commit-status-hub/test/scm/github"
)

// Checker holds calls against a description of GitHub's API. It is safe for
// concurrent use.
type Checker struct{ router routers.Router }

// NewChecker makes a Checker of an OpenAPI description.
func NewChecker(description []byte) (*Checker, error) {
	document, err := openapi3.NewLoader().LoadFromData(description)
	if err != nil {
		return nil, fmt.Errorf("loading the description: %w", err)
	}
	// Wherever the server is, its paths are GitHub's.
	document.Servers = nil
	router, err := gorillamux.NewRouter(document)
	if err != nil {
		return nil, fmt.Errorf("reading the paths of the description: %w", err)
	}
	return &Checker{router: router}, nil
}

// Check says what is wrong with a call: a request that is invalid and was not
// refused, an answer that the description does not allow, a refusal that does not
// have the form of GitHub's. A call that a fault kept from its answer is checked
// for its request alone.
func (c *Checker) Check(call github.Call) error {
	if err := c.check(call); err != nil {
		return fmt.Errorf("%s %s answered %d: %w", call.Method, call.URL(), call.Status, err)
	}
	return nil
}

func (c *Checker) check(call github.Call) error {
	input, err := c.input(call)
	if err != nil {
		return err
	}
	ctx := context.Background()
	acted := !call.Injected || call.Lost
	if call.Status < http.StatusBadRequest || !acted {
		if err := openapi3filter.ValidateRequest(ctx, input); err != nil {
			return fmt.Errorf("request: %w", err)
		}
	}
	if call.Status == 0 || !acted {
		return nil
	}
	if call.Status >= http.StatusBadRequest {
		if err := refusal(call.ResponseBody); err != nil {
			return fmt.Errorf("refusal: %w", err)
		}
	}
	answer := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: input,
		Status:                 call.Status,
		Header:                 call.ResponseHeader,
		Options:                &openapi3filter.Options{},
	}
	*answer.Options = *input.Options
	// Which refusals there are is described for few operations.
	answer.Options.IncludeResponseStatus = call.Status < http.StatusBadRequest
	if err := openapi3filter.ValidateResponse(ctx, answer.SetBodyBytes(call.ResponseBody)); err != nil {
		return fmt.Errorf("answer: %w", err)
	}
	return nil
}

// input is the request of a call, as it was sent.
func (c *Checker) input(call github.Call) (*openapi3filter.RequestValidationInput, error) {
	request, err := http.NewRequest(call.Method, "http://github.test"+call.URL().String(), bytes.NewReader(call.RequestBody))
	if err != nil {
		return nil, fmt.Errorf("repeating the request: %w", err)
	}
	request.Header = call.RequestHeader.Clone()
	route, params, err := c.router.FindRoute(request)
	if err != nil {
		return nil, fmt.Errorf("the description has no such call: %w", err)
	}
	options := &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc}
	// The whole schema is no reason.
	options.WithCustomSchemaErrorFunc(func(err *openapi3.SchemaError) string {
		return fmt.Sprintf("%s: /%s", err.Reason, strings.Join(err.JSONPointer(), "/"))
	})
	if optional(route) && bytes.Equal(bytes.TrimSpace(call.RequestBody), []byte("null")) {
		// What ghinstallation sends for a token without options; GitHub takes it
		// for no body.
		options.ExcludeRequestBody = true
	}
	return &openapi3filter.RequestValidationInput{Request: request, PathParams: params, Route: route, Options: options}, nil
}

// optional says that a request need not have a body.
func optional(route *routers.Route) bool {
	body := route.Operation.RequestBody
	return body != nil && body.Value != nil && !body.Value.Required
}

// refusal checks what every refusal of GitHub has.
func refusal(body []byte) error {
	var r struct {
		Message string `json:"message"`
		Docs    string `json:"documentation_url"`
	}
	if err := json.Unmarshal(body, &r); err != nil {
		return err
	}
	if r.Message == "" || !strings.HasPrefix(r.Docs, "https://docs.github.com/") {
		return errors.New("it lacks a message or a documentation_url")
	}
	return nil
}
