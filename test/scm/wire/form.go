package wire

import (
	"encoding/json"
	"fmt"
	"net/http"
)

// Form is the form of an SCM's answers.
type Form struct {
	// JSON and Text are the Content-Types, and End is what every JSON ends in.
	JSON, Text, End string
}

// Reply is an answer with a value as JSON.
func (f Form) Reply(status int, v any) Answer {
	body, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("encode an answer of a fake SCM: %v", err))
	}
	return Answer{Status: status, Header: http.Header{"Content-Type": {f.JSON}}, Body: append(body, f.End...)}
}

// Plain is an answer in plain text.
func (f Form) Plain(status int, body string) Answer {
	return Answer{Status: status, Header: http.Header{"Content-Type": {f.Text}}, Body: []byte(body)}
}
