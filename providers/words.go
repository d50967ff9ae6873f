package providers

import (
	"strconv"
	"strings"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
)

// maxWord is the length of the longest Word in runes.
const maxWord = 40

// Word is a state that an SCM shows and that none of v1alpha1's phases means, in the SCM's own
// word. It takes the place of a phase, equals none of them, and is reported as drift. Text that
// could be mistaken for a phase, or is no word at all, is quoted.
func Word(state string) v1alpha1.Phase {
	word := strings.Map(printed, state)
	if runes := []rune(word); len(runes) > maxWord {
		word = string(runes[:maxWord-1]) + "…"
	}
	if word == "" || v1alpha1.Phase(word).Canonical().Known() {
		word = strconv.Quote(word)
	}
	return v1alpha1.Phase(word)
}

// Closing is what ends a status that is shown, unfinished, before a new one shows want: the
// phase that want has, if that is a final one, or else canceled. A text that want lacks stays,
// so that the status can be changed in place.
func Closing(shown, want Status) Status {
	out := Status{Phase: want.Phase.Canonical(), Description: want.Description, URL: want.URL}
	if !out.Phase.Terminal() {
		out.Phase = v1alpha1.PhaseCanceled
	}
	if out.Description == "" {
		out.Description = shown.Description
	}
	if out.URL == "" {
		out.URL = shown.URL
	}
	return out
}
