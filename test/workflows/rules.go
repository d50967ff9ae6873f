package workflows

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// findings returns what a workflow does that it should not.
func (w workflow) findings() (found []string) {
	found = append(found, w.ofEvents()...)
	found = append(found, w.ofActions()...)
	for _, name := range slices.Sorted(maps.Keys(w.Jobs)) {
		for _, finding := range w.ofJob(w.Jobs[name]) {
			found = append(found, name+": "+finding)
		}
	}
	return found
}

// ofEvents finds events that run a third party's code with this repository's rights, and
// rights that jobs would have without asking.
func (w workflow) ofEvents() (found []string) {
	for _, event := range []string{"pull_request_target", "workflow_run", "issue_comment", "issues"} {
		if _, ok := w.On[event]; ok {
			found = append(found, event+" starts it with rights that others should not use")
		}
	}
	if w.Permissions == nil {
		found = append(found, "it does not say which permissions its jobs have")
	}
	for _, permission := range writes(w.Permissions) {
		found = append(found, "all of its jobs have "+permission)
	}
	return found
}

// ofActions finds actions that others can replace by moving a tag.
func (w workflow) ofActions() (found []string) {
	for _, action := range w.actions() {
		switch {
		case strings.HasPrefix(action, "./"):
		case strings.HasPrefix(action, "docker://"):
			if !strings.Contains(action, "@sha256:") {
				found = append(found, action+" is not pinned by a digest")
			}
		case !pinned.MatchString(action):
			found = append(found, action+" is not pinned by a commit")
		case !w.versionBeside(action):
			found = append(found, action+" has no comment with its version, such as # v1.2.3")
		}
	}
	return found
}

// ofJob finds what one job does.
func (w workflow) ofJob(j job) (found []string) {
	if permissions := writes(j.Permissions); len(permissions) > 0 && !w.startedByTagsAlone() {
		found = append(found, fmt.Sprintf("it has %s, and others than a pushed tag start it", strings.Join(permissions, ", ")))
	}
	if j.Secrets == "inherit" {
		found = append(found, "it hands all secrets on")
	}
	if j.Uses == "" && j.Timeout == nil {
		found = append(found, "it has no timeout-minutes")
	}
	for _, image := range j.images() {
		if !strings.Contains(image, "@sha256:") {
			found = append(found, image+" is not pinned by a digest")
		}
	}
	for _, s := range j.Steps {
		found = append(found, s.findings()...)
	}
	return found
}

// findings finds in a step what others can write code into: an expression is put into the
// text of a script before the shell reads it, so values belong into env.
func (s step) findings() (found []string) {
	if strings.Contains(s.Run, "${{") {
		found = append(found, "an expression is part of a script: "+firstLine(s.Run))
	}
	if script, ok := s.With["script"].(string); ok && strings.Contains(script, "${{") {
		found = append(found, "an expression is part of a script: "+firstLine(script))
	}
	if strings.HasPrefix(s.Uses, "actions/checkout@") && s.With["persist-credentials"] != false {
		found = append(found, "checkout leaves its token in the work tree")
	}
	return found
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	return line
}
