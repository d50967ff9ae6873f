package gitlab

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/argoproj-labs/commit-status-hub/providers"
)

// complaint is the body of an answer from status 400 on. What is not JSON, such
// as the page of some proxy, is looked at and never gets into a message.
type complaint struct {
	// own reports whether it has the form of GitLab's errors.
	own bool
	// Message is a text, or an object of texts about each field.
	Message json.RawMessage `json:"message"`
	// Code and Description come from the check of a token, and Code alone, as a
	// sentence, from the framework that reads parameters.
	Code        string `json:"error"`
	Description string `json:"error_description"`
}

func parse(body []byte) complaint {
	var c complaint
	if json.Unmarshal(body, &c) != nil {
		return complaint{own: providers.Endless(body)}
	}
	c.own = c.said() != ""
	return c
}

// mentions reports whether the body's words hold a text, which is lower case.
func (c complaint) mentions(text string) bool {
	return strings.Contains(strings.ToLower(c.said()), text)
}

// text is what GitLab says in one line, "" for nothing that prints.
func (c complaint) text() string { return providers.Sentence(c.said()) }

// said is what GitLab says.
func (c complaint) said() string {
	var plain string
	var fields map[string]json.RawMessage
	switch {
	case json.Unmarshal(c.Message, &plain) == nil && plain != "":
		return plain
	case json.Unmarshal(c.Message, &fields) == nil && len(fields) > 0:
		return sentences(fields)
	case c.Description != "":
		return c.Description
	}
	return c.Code
}

// sentences says what is wrong with each field, in the order of their names.
func sentences(fields map[string]json.RawMessage) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		var one string
		var several []string
		if json.Unmarshal(fields[name], &one) == nil {
			several = []string{one}
		} else if json.Unmarshal(fields[name], &several) != nil {
			continue
		}
		for _, text := range several {
			parts = append(parts, name+" "+text)
		}
	}
	return strings.Join(parts, "; ")
}

// quoted is what GitLab says in brackets, after other words.
func quoted(c complaint) string {
	if text := c.text(); text != "" {
		return " (" + text + ")"
	}
	return ""
}
