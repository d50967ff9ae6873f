package gitlab

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"
)

// maxField is the longest ref, name, target_url or description, in characters.
const maxField = 255

// change is the body of a request that sets a status; "" where the body says
// nothing, since GitLab takes an empty text for one that is missing.
type change struct {
	State       string
	Ref         string
	Name        string
	TargetURL   string
	Description string
	Pipeline    int64
}

// parseChange reads a body as GitLab's framework does: what it refuses makes no pipeline.
func parseChange(body []byte) (*change, *refused) {
	var fields map[string]any
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	if err := decoder.Decode(&fields); err != nil || fields == nil {
		return nil, misfit("Malformed JSON: the body is no object")
	}
	c := &change{}
	var name, context string
	for _, field := range []struct {
		name string
		into *string
	}{
		{"state", &c.State},
		{"ref", &c.Ref},
		{"name", &name},
		{"context", &context},
		{"target_url", &c.TargetURL},
		{"description", &c.Description},
	} {
		value, given := fields[field.name]
		text, isText := value.(string)
		switch {
		case given && value != nil && !isText:
			return nil, misfit("%s is invalid", field.name)
		case strings.ContainsRune(text, 0):
			return nil, misfit("bad request: string contains null byte")
		}
		*field.into = text
	}
	// A blank text is no text to GitLab, but for the name.
	for _, field := range []*string{&c.Ref, &c.TargetURL, &c.Description} {
		if strings.TrimSpace(*field) == "" {
			*field = ""
		}
	}
	switch {
	case c.State == "":
		return nil, misfit("state is missing, state does not have a valid value")
	case !slices.Contains(states, c.State):
		return nil, misfit("state does not have a valid value")
	}
	c.Name = "default"
	if name != "" {
		c.Name = name
	} else if context != "" {
		c.Name = context
	}
	err := c.number(fields["pipeline_id"])
	return c, err
}

func (c *change) number(value any) *refused {
	if value == nil {
		return nil
	}
	id, err := json.Number(fmt.Sprint(value)).Int64()
	if err != nil || id <= 0 {
		return misfit("pipeline_id is invalid")
	}
	c.Pipeline = id
	return nil
}

// validate refuses what a status cannot be. By then its pipeline is there.
func (c *change) validate() *refused {
	wrong := map[string][]string{}
	for name, value := range map[string]string{
		"ref": c.Ref, "name": c.Name, "target_url": c.TargetURL, "description": c.Description,
	} {
		if utf8.RuneCountInString(value) > maxField {
			wrong[name] = append(wrong[name], fmt.Sprintf("is too long (maximum is %d characters)", maxField))
		}
	}
	if strings.TrimSpace(c.Name) == "" {
		wrong["name"] = append(wrong["name"], "can't be blank")
	}
	if c.TargetURL != "" {
		u, err := url.Parse(c.TargetURL)
		switch {
		case err != nil:
			wrong["target_url"] = append(wrong["target_url"], "is blocked: URI is invalid")
		case u.Scheme != "http" && u.Scheme != "https":
			wrong["target_url"] = append(wrong["target_url"], "is blocked: Only allowed schemes are http, https")
		case u.Host == "":
			wrong["target_url"] = append(wrong["target_url"], "is blocked: Host cannot be resolved or invalid")
		}
	}
	if len(wrong) > 0 {
		return invalid(wrong)
	}
	return nil
}
