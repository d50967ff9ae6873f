package github

import (
	"fmt"
	"net/http"
	"strconv"

	"github.com/argoproj-labs/commit-status-hub/test/scm/wire"
)

// docsRoot is where the documentation_url of every error begins.
const docsRoot = "https://docs.github.com/rest"

// answers is the form of answers.
var answers = wire.Form{JSON: "application/json; charset=utf-8", Text: "text/plain"}

var reply, text = answers.Reply, answers.Plain

type answer = wire.Answer

// fieldError says what is wrong with one field of a request.
type fieldError struct {
	Resource string `json:"resource"`
	Code     string `json:"code"`
	Field    string `json:"field,omitempty"`
	Message  string `json:"message,omitempty"`
}

// refused is a request that GitHub turns down.
type refused struct {
	status  int
	message string
	fields  []fieldError
	// docs is the page to name instead of the route's.
	docs string
}

func refusal(status int, format string, args ...any) *refused {
	return &refused{status: status, message: fmt.Sprintf(format, args...)}
}

// invalid is a request that does not fit the schema of its route.
func invalid(format string, args ...any) *refused {
	return refusal(http.StatusUnprocessableEntity, "Invalid request.\n\n"+format, args...)
}

func (r *refused) answer(docs string) answer {
	if r.docs != "" {
		docs = r.docs
	}
	url := docsRoot
	if docs != "" {
		url += "/" + docs
	}
	return reply(r.status, struct {
		Message string       `json:"message"`
		Errors  []fieldError `json:"errors,omitempty"`
		Docs    string       `json:"documentation_url"`
		Status  string       `json:"status"`
	}{r.message, r.fields, url, strconv.Itoa(r.status)})
}
