package workflows

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"
)

// workflow is what the rules look at in a workflow.
type workflow struct {
	// Permissions are nil where the workflow does not say which its jobs have.
	Permissions any            `json:"permissions"`
	Jobs        map[string]job `json:"jobs"`

	// On has the events that start the workflow, with their filters. YAML 1.1, which the
	// library reads, takes the key for a boolean.
	On map[string]any `json:"-"`
	// text is the file.
	text string
}

type job struct {
	Uses        string               `json:"uses"`
	Secrets     any                  `json:"secrets"`
	Permissions any                  `json:"permissions"`
	Timeout     any                  `json:"timeout-minutes"`
	Container   any                  `json:"container"`
	Services    map[string]container `json:"services"`
	Steps       []step               `json:"steps"`
}

type container struct {
	Image string `json:"image"`
}

type step struct {
	Uses string         `json:"uses"`
	Run  string         `json:"run"`
	With map[string]any `json:"with"`
}

// read parses a workflow.
func read(text string) (workflow, error) {
	var w workflow
	if err := yaml.Unmarshal([]byte(text), &w); err != nil {
		return workflow{}, err
	}
	var raw map[string]any
	if err := yaml.Unmarshal([]byte(text), &raw); err != nil {
		return workflow{}, err
	}
	w.text, w.On = text, map[string]any{}
	for _, key := range []string{"on", "true"} {
		switch events := raw[key].(type) {
		case string:
			w.On[events] = nil
		case []any:
			for _, event := range events {
				w.On[fmt.Sprint(event)] = nil
			}
		case map[string]any:
			maps.Copy(w.On, events)
		}
	}
	if len(w.On) == 0 || len(w.Jobs) == 0 {
		return workflow{}, fmt.Errorf("it has no events or no jobs")
	}
	return w, nil
}

// actions returns what all jobs and steps use.
func (w workflow) actions() (used []string) {
	for _, name := range slices.Sorted(maps.Keys(w.Jobs)) {
		if w.Jobs[name].Uses != "" {
			used = append(used, w.Jobs[name].Uses)
		}
		for _, s := range w.Jobs[name].Steps {
			if s.Uses != "" {
				used = append(used, s.Uses)
			}
		}
	}
	return used
}

// images returns the images that a job runs in or beside.
func (j job) images() (images []string) {
	switch c := j.Container.(type) {
	case string:
		images = append(images, c)
	case map[string]any:
		images = append(images, fmt.Sprint(c["image"]))
	}
	for _, name := range slices.Sorted(maps.Keys(j.Services)) {
		images = append(images, j.Services[name].Image)
	}
	return images
}

// writes returns the permissions of a workflow or a job that allow more than to read.
func writes(permissions any) (names []string) {
	switch p := permissions.(type) {
	case string:
		if p != "read-all" {
			names = append(names, p)
		}
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(p)) {
			if access := fmt.Sprint(p[name]); access != "read" && access != "none" {
				names = append(names, name+": "+access)
			}
		}
	}
	return names
}

// startedByTagsAlone reports whether only a push of a tag starts the workflow.
func (w workflow) startedByTagsAlone() bool {
	push, ok := w.On["push"].(map[string]any)
	if !ok || len(w.On) != 1 {
		return false
	}
	_, tags := push["tags"]
	return tags && len(push) == 1
}

var pinned = regexp.MustCompile(`^[\w.-]+/[\w./-]+@[0-9a-f]{40}$`)

// versionBeside reports whether each line that uses the action says its version in a comment.
func (w workflow) versionBeside(action string) bool {
	for line := range strings.Lines(w.text) {
		if _, after, found := strings.Cut(line, action); found && !regexp.MustCompile(`^ # v\d+\.\d+\.\d+\s*$`).MatchString(after) {
			return false
		}
	}
	return true
}
