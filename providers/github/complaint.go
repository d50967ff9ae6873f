package github

import (
	"encoding/json"
	"regexp"
	"strings"

	"github.com/argoproj-labs/commit-status-hub/providers"
)

// complaint is the body of an answer from status 400 on. What is not JSON, such
// as the page of some proxy, is looked at and never gets into a message.
type complaint struct {
	plain string
	// own reports whether it has the form of GitHub's errors.
	own           bool
	Message       string          `json:"message"`
	Documentation string          `json:"documentation_url"`
	Errors        json.RawMessage `json:"errors"`
}

// requestID is a sentence that differs with every answer.
var requestID = regexp.MustCompile(`(?i)[^.]*request id[^.]*\.?`)

func parse(body []byte) complaint {
	var c complaint
	if json.Unmarshal(body, &c) != nil {
		return complaint{plain: string(body), own: providers.Endless(body)}
	}
	c.own = c.Message != ""
	c.Message = strings.TrimSpace(requestID.ReplaceAllString(c.Message, ""))
	return c
}

// mentions reports whether the body's words hold one of texts, which are lower case.
func (c complaint) mentions(texts ...string) bool {
	message := strings.ToLower(c.Message + c.plain)
	for _, text := range texts {
		if strings.Contains(message, text) {
			return true
		}
	}
	return false
}

// text is the message and what it says about each field, "" for nothing that prints.
func (c complaint) text() string {
	parts := c.fields()
	if c.Message != "" {
		parts = append([]string{c.Message}, parts...)
	}
	return providers.Sentence(strings.Join(parts, "; "))
}

// fields reads the errors, which are texts or objects.
func (c complaint) fields() []string {
	var each []json.RawMessage
	if json.Unmarshal(c.Errors, &each) != nil {
		each = []json.RawMessage{c.Errors}
	}
	var texts []string
	for _, raw := range each {
		var plain string
		var object struct{ Field, Code, Message string }
		switch {
		case json.Unmarshal(raw, &plain) == nil && plain != "":
			texts = append(texts, plain)
		case json.Unmarshal(raw, &object) == nil:
			texts = appendField(texts, object.Field, object.Message, object.Code)
		}
	}
	return texts
}

// appendField adds what is said about a field; the code is for where nothing
// better is.
func appendField(texts []string, field, message, code string) []string {
	if message == "" {
		message = code
	}
	switch {
	case message == "":
		return texts
	case field == "":
		return append(texts, message)
	}
	return append(texts, field+": "+message)
}

// quoted is the message in brackets, after other words.
func quoted(c complaint) string {
	if text := providers.Sentence(c.Message); text != "" {
		return " (" + text + ")"
	}
	return ""
}
