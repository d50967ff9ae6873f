package githubspec

import (
	"encoding/json"
	"fmt"
	"strings"
)

// paths are those of the description that the hub, or the fake, knows.
var paths = []string{
	"/repos/{owner}/{repo}/check-runs",
	"/repos/{owner}/{repo}/check-runs/{check_run_id}",
	"/repos/{owner}/{repo}/commits/{ref}/check-runs",
	"/app/installations/{installation_id}/access_tokens",
	"/repos/{owner}/{repo}/installation",
	"/orgs/{org}/installation",
	"/users/{username}/installation",
	"/app",
}

// object is any JSON object.
type object = map[string]any

// subset is the description of paths only, with the components that those refer
// to, near or far. Examples are left out: they are most of it.
func subset(whole []byte) ([]byte, error) {
	var from object
	if err := json.Unmarshal(whole, &from); err != nil {
		return nil, err
	}
	all, _ := from["paths"].(object)
	kept, components := object{}, object{}
	for _, path := range paths {
		if all[path] == nil {
			return nil, fmt.Errorf("it does not describe %s", path)
		}
		kept[path] = withoutExamples(all[path], false)
	}
	source, _ := from["components"].(object)
	if err := follow(kept, source, components); err != nil {
		return nil, err
	}
	return json.Marshal(object{"openapi": from["openapi"], "info": from["info"], "paths": kept, "components": components})
}

// withoutExamples leaves examples out. properties says that the members of v have
// names of the API's choice, which may be that too.
func withoutExamples(v any, properties bool) any {
	switch v := v.(type) {
	case object:
		for name, member := range v {
			if !properties && (name == "example" || name == "examples") {
				delete(v, name)
				continue
			}
			v[name] = withoutExamples(member, !properties && name == "properties")
		}
	case []any:
		for i := range v {
			v[i] = withoutExamples(v[i], false)
		}
	}
	return v
}

// follow copies into to every component of from that v refers to.
func follow(v any, from, to object) error {
	switch v := v.(type) {
	case object:
		if ref, ok := v["$ref"].(string); ok {
			return resolve(ref, from, to)
		}
		for _, member := range v {
			if err := follow(member, from, to); err != nil {
				return err
			}
		}
	case []any:
		for _, element := range v {
			if err := follow(element, from, to); err != nil {
				return err
			}
		}
	}
	return nil
}

func resolve(ref string, from, to object) error {
	kind, name, ok := strings.Cut(strings.TrimPrefix(ref, "#/components/"), "/")
	source, _ := from[kind].(object)
	if !ok || source[name] == nil {
		return fmt.Errorf("it refers to %s, which is not there", ref)
	}
	if to[kind] == nil {
		to[kind] = object{}
	}
	target, _ := to[kind].(object)
	if target[name] != nil {
		return nil
	}
	target[name] = withoutExamples(source[name], false)
	return follow(target[name], from, to)
}
