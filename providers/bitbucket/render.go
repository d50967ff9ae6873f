package bitbucket

import (
	"fmt"
	"net/url"
	"strings"
	"unicode/utf16"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
)

const (
	stateInProgress = "INPROGRESS"
	stateSuccessful = "SUCCESSFUL"
	stateFailed     = "FAILED"
)

const (
	// maxDescription is the longest description, in UTF-16 units, which is what Java
	// counts. Data Center refuses more; Cloud documents no length.
	maxDescription = 255

	ellipsis = "…"
	// noURL is the fragment of the commit's page where it stands for no URL.
	noURL = "#commit-status-hub"
)

// dialect is how a Bitbucket shows a Status.
type dialect struct{ *service }

// Render says what Bitbucket shows: in_progress for queued too, and a description
// of at most 255 characters, which is cut off visibly. Of a URL that is too long
// nothing is shown.
func (d dialect) Render(want providers.Status) providers.Status {
	out := providers.Status{
		Phase:       want.Phase.Canonical(),
		Description: truncate(strings.TrimSpace(strings.ToValidUTF8(want.Description, "\uFFFD"))),
		URL:         strings.TrimSpace(want.URL),
	}
	if out.Phase == v1alpha1.PhaseQueued {
		out.Phase = v1alpha1.PhaseInProgress
	}
	if d.maxURL > 0 && units(out.URL) > d.maxURL {
		out.URL = ""
	}
	return out
}

// Next is an update of whatever has the key.
func (d dialect) Next(shown *providers.Shown, want providers.Status) providers.Step {
	want = d.Render(want)
	switch {
	case !want.Phase.Known():
		return providers.StepUnsupported
	case shown == nil:
		return providers.StepCreate
	case d.handleOf(shown.Handle) == nil || d.Render(shown.Status) != want:
		return providers.StepUpdate
	}
	return providers.StepNone
}

// Obstacle is that the phase is none: Bitbucket can show every other change.
func (dialect) Obstacle(_ *providers.Shown, want providers.Status) string {
	return fmt.Sprintf("knows no phase %q", want.Phase)
}

// stateOf is the state that shows a phase, "" for a phase that is none.
func (d dialect) stateOf(p v1alpha1.Phase) string {
	switch p.Canonical() {
	case v1alpha1.PhaseQueued, v1alpha1.PhaseInProgress:
		return stateInProgress
	case v1alpha1.PhaseSuccess:
		return stateSuccessful
	case v1alpha1.PhaseFailure:
		return stateFailed
	case v1alpha1.PhaseCanceled:
		return d.canceled
	}
	return ""
}

// phaseOf reads a state. No phase means one that the hub never writes, such as Data Center's
// UNKNOWN.
func (d dialect) phaseOf(state string) v1alpha1.Phase {
	switch state {
	case stateInProgress:
		return v1alpha1.PhaseInProgress
	case stateSuccessful:
		return v1alpha1.PhaseSuccess
	case stateFailed:
		return v1alpha1.PhaseFailure
	case d.canceled:
		return v1alpha1.PhaseCanceled
	}
	return providers.Word(state)
}

// build is a build status as both services take it and answer with it.
type build struct {
	Key         string `json:"key"`
	State       string `json:"state"`
	Name        string `json:"name"`
	Description string `json:"description"`
	URL         string `json:"url"`
}

// build is what is sent. It fails for a phase that is none.
func (b *base) build(at providers.Target, want providers.Status) (build, error) {
	state := b.stateOf(want.Phase)
	if state == "" {
		return build{}, providers.Errorf(v1alpha1.ReasonInvalid, "%q is not a phase", want.Phase)
	}
	want = b.Render(want)
	if want.URL == "" {
		want.URL = b.page(at.SHA)
	}
	return build{Key: keyOf(at.Name), State: state, Name: at.Name, Description: want.Description, URL: want.URL}, nil
}

// page is the commit's page, with the mark that it stands for no URL.
func (b *base) page(sha string) string {
	owner, name, _ := b.split(b.repository)
	path := owner + "/" + name
	if b.service == center {
		path = "projects/" + owner + "/repos/" + name
	}
	return b.account.pages + path + "/commits/" + url.PathEscape(sha) + noURL
}

// shownBy is what a build status shows.
func (d dialect) shownBy(s build) providers.Shown {
	shown := providers.Shown{
		Status: providers.Status{Phase: d.phaseOf(s.State), Description: s.Description, URL: s.URL},
		Handle: d.handle(&v1alpha1.BitbucketHandle{Key: s.Key}),
	}
	if strings.HasSuffix(s.URL, noURL) {
		shown.URL = ""
	}
	return shown
}

// written is what was written, with the phase that was asked for where Bitbucket
// shows several alike.
func (d dialect) written(s build, asked v1alpha1.Phase) providers.Shown {
	shown := d.shownBy(s)
	if s.State == d.stateOf(asked) {
		shown.Phase = asked.Canonical()
	}
	return shown
}

// listed is a build status under its name. The first of a name counts.
func (d dialect) listed(into map[string]providers.Listed, s build) {
	name, ok := nameOf(s.Key, s.Name)
	if _, known := into[name]; ok && !known && s.Key != "" {
		into[name] = providers.Listed{Shown: d.shownBy(s)}
	}
}

func truncate(description string) string {
	if units(description) <= maxDescription {
		return description
	}
	n, end := 0, 0
	for i, r := range description {
		if n += utf16.RuneLen(r); n >= maxDescription {
			end = i
			break
		}
	}
	return strings.TrimSpace(description[:end]) + ellipsis
}

// units is the length of a text in UTF-16 units.
func units(text string) int {
	n := 0
	for _, r := range text {
		n += utf16.RuneLen(r)
	}
	return n
}
