package githubspec

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

var (
	// sent holds webhooks that GitHub sent.
	sent = npmPackage{
		name:      "@octokit/webhooks-examples",
		version:   "7.6.1",
		integrity: "De6U3XB6O3DtCa7bKgCMzTHdeopqqZ6SNivMYJnK65ierKL1AnNIA0tkRYCRS7lwGT792d+Ps1WbfHlso6MynQ==",
	}
	// recorded holds what was sent to GitHub and what that answered.
	recorded = npmPackage{
		name:      "@octokit/fixtures",
		version:   "23.1.2",
		integrity: "niG+SVffZ/xzojT3CE6M7DlqX7H9aQ75A6Xxjt4N47CkqssKXpSy2k6+Tj5ntcI5uWW2D9POzKxwJDmBfR+sJw==",
	}
)

var (
	// senders are the GitHubs whose webhooks there are: github.com, and versions of
	// GitHub Enterprise Server.
	senders = []string{"api.github.com", "ghes-31", "ghes-32", "ghes-33", "ghes-34", "ghes-35"}
	// events are the webhooks about what the hub writes.
	events = []string{"check_run", "status"}
	// scenarios are the recordings that bear on what the hub does: statuses, refusals,
	// a repository that moved, a list of several pages.
	scenarios = []string{
		"create-status", "errors", "branch-protection", "release-assets-conflict", "rename-repository", "paginate-issues",
	}
)

// Webhook is one that GitHub sent.
type Webhook struct {
	// Sender is api.github.com, or a version of GitHub Enterprise Server such as
	// ghes-35.
	Sender string
	// Event is check_run or status.
	Event   string
	Payload json.RawMessage
}

// Webhooks returns GitHub's webhooks about check runs and commit statuses. They are
// fetched once with npm and kept in the user's cache folder.
func Webhooks(ctx context.Context) ([]Webhook, error) {
	paths := make([]string, 0, len(senders))
	for _, sender := range senders {
		paths = append(paths, "package/"+sender+"/index.json")
	}
	name := fmt.Sprintf("webhooks-%s-%s.json", sent.version, digest(append(paths, events...)))
	return each(ctx, sent, name, paths, func(i int, content []byte) ([]Webhook, error) { return webhooks(senders[i], content) })
}

// webhooks reads one sender's.
func webhooks(sender string, content []byte) ([]Webhook, error) {
	var byEvent []struct {
		Name     string
		Examples []json.RawMessage
	}
	if err := json.Unmarshal(content, &byEvent); err != nil {
		return nil, err
	}
	var some []Webhook
	for _, event := range events {
		before := len(some)
		for _, of := range byEvent {
			if of.Name != event {
				continue
			}
			for _, payload := range of.Examples {
				some = append(some, Webhook{Sender: sender, Event: event, Payload: payload})
			}
		}
		if len(some) == before {
			return nil, fmt.Errorf("it has no webhook %s", event)
		}
	}
	return some, nil
}

// Exchange is a request that was sent to GitHub, and GitHub's answer.
type Exchange struct {
	// Scenario names the recording that it is from.
	Scenario     string
	Method, Path string
	RequestBody  json.RawMessage
	Status       int
	// Header is the answer's, without what is about the connection alone.
	Header http.Header
	Body   json.RawMessage
}

// Exchanges returns what was recorded of GitHub's API, in the order in which it
// happened in each scenario. It is fetched once with npm and kept in the user's cache
// folder.
func Exchanges(ctx context.Context) ([]Exchange, error) {
	paths := make([]string, 0, len(scenarios))
	for _, scenario := range scenarios {
		paths = append(paths, "package/scenarios/api.github.com/"+scenario+"/raw-fixture.json")
	}
	name := fmt.Sprintf("exchanges-%s-%s.json", recorded.version, digest(paths))
	return each(ctx, recorded, name, paths, func(i int, content []byte) ([]Exchange, error) { return exchanges(scenarios[i], content) })
}

// each reads what the entries of a package hold, one after the other.
func each[T any](ctx context.Context, from npmPackage, name string, paths []string, read func(i int, content []byte) ([]T, error)) ([]T, error) {
	content, err := from.kept(ctx, "recordings", name, paths, func(whole entries) ([]byte, error) {
		var all []T
		for i, path := range paths {
			some, err := read(i, whole[path])
			if err != nil {
				return nil, fmt.Errorf("%s: %w", path, err)
			}
			all = append(all, some...)
		}
		return json.Marshal(all)
	})
	if err != nil {
		return nil, err
	}
	var all []T
	err = json.Unmarshal(content, &all)
	return all, err
}

// exchanges reads one scenario.
func exchanges(scenario string, content []byte) ([]Exchange, error) {
	var taken []struct {
		Method, Path string
		Body         json.RawMessage
		Status       int
		Response     json.RawMessage
		RawHeaders   []string
	}
	if err := json.Unmarshal(content, &taken); err != nil {
		return nil, err
	}
	some := make([]Exchange, 0, len(taken))
	for _, t := range taken {
		header := http.Header{}
		for i := 0; i+1 < len(t.RawHeaders); i += 2 {
			header.Add(t.RawHeaders[i], t.RawHeaders[i+1])
		}
		for _, name := range []string{"Connection", "Content-Length", "Transfer-Encoding"} {
			header.Del(name)
		}
		some = append(some, Exchange{
			Scenario: scenario, Method: strings.ToUpper(t.Method), Path: t.Path, RequestBody: t.Body,
			Status: t.Status, Header: header, Body: t.Response,
		})
	}
	return some, nil
}
