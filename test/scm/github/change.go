package github

import (
	"encoding/json"
	"net/http"
	"time"
)

// change is the body of a request that makes or changes a check run; nil where
// the body says nothing.
type change struct {
	name, headSHA, detailsURL, externalID *string
	status, conclusion                    *string
	startedAt, completedAt                *time.Time
	output                                *output
}

type output struct{ title, summary, text string }

// fields are the members of a JSON object that was not looked into yet.
type fields map[string]json.RawMessage

// parseChange reads a body and refuses what has the wrong type.
func parseChange(body []byte) (*change, *refused) {
	f, bad := object(body)
	if bad != nil {
		return nil, bad
	}
	c := &change{}
	for name, into := range map[string]**string{
		"name":        &c.name,
		"head_sha":    &c.headSHA,
		"details_url": &c.detailsURL,
		"external_id": &c.externalID,
		"status":      &c.status,
		"conclusion":  &c.conclusion,
	} {
		value, err := f.text(name)
		if err != nil {
			return nil, err
		}
		*into = value
	}
	for name, into := range map[string]**time.Time{"started_at": &c.startedAt, "completed_at": &c.completedAt} {
		value, err := f.time(name)
		if err != nil {
			return nil, err
		}
		*into = value
	}
	var err *refused
	c.output, err = f.output()
	return c, err
}

// text returns a member that has to be a string. An explicit null is not one.
func (f fields) text(name string) (*string, *refused) {
	raw, ok := f[name]
	if !ok {
		return nil, nil
	}
	if string(raw) == "null" {
		return nil, invalid("For 'properties/%s', nil is not a string.", name)
	}
	var value string
	if json.Unmarshal(raw, &value) != nil {
		return nil, invalid("For 'properties/%s', %s is not a string.", name, raw)
	}
	return &value, nil
}

// textOrNull returns a member that may be null, which is as if it were not there.
func (f fields) textOrNull(name string) (*string, *refused) {
	if string(f[name]) == "null" {
		return nil, nil
	}
	return f.text(name)
}

// object returns the members of a body.
func object(body []byte) (fields, *refused) {
	if !json.Valid(body) {
		return nil, refusal(http.StatusBadRequest, "Problems parsing JSON")
	}
	var f fields
	if json.Unmarshal(body, &f) != nil || f == nil {
		return nil, refusal(http.StatusBadRequest, "Body should be a JSON object")
	}
	return f, nil
}

func (f fields) time(name string) (*time.Time, *refused) {
	value, err := f.text(name)
	if err != nil || value == nil {
		return nil, err
	}
	at, bad := time.Parse(time.RFC3339, *value)
	if bad != nil {
		return nil, invalid("%s is not a valid date-time.", *value)
	}
	return &at, nil
}

// output returns the output, which has to be whole: GitHub refuses one without a
// title or a summary. Empty ones are refused too: whether GitHub takes them is
// not documented, so no client may count on it.
func (f fields) output() (*output, *refused) {
	raw, ok := f["output"]
	if !ok {
		return nil, nil
	}
	var inner fields
	if json.Unmarshal(raw, &inner) != nil || inner == nil {
		return nil, invalid("For 'properties/output', %s is not an object.", raw)
	}
	o := &output{}
	for _, m := range []struct {
		name     string
		required bool
		into     *string
	}{
		{"title", true, &o.title},
		{"summary", true, &o.summary},
		{"text", false, &o.text},
	} {
		value, err := inner.text(m.name)
		switch {
		case err != nil:
			return nil, err
		case value != nil:
			*m.into = *value
		}
		if m.required && *m.into == "" {
			return nil, invalid("For 'properties/output', \"%s\" wasn't supplied.", m.name)
		}
		if m.name != "title" && len(*m.into) > maxOutput {
			return nil, invalid("Only %d characters are allowed; %d were supplied.", maxOutput, len(*m.into))
		}
	}
	return o, nil
}
