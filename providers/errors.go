package providers

import (
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
)

// maxMessage is the length of the longest message in runes.
const maxMessage = 300

// Error is why an SCM did not do as asked. Its Reason says what to do:
// ReasonPending waits until the installation's pause is over, ReasonUnavailable
// is tried again soon, ReasonCommitNotFound on its own schedule, all others
// only after a change or a slow re-check.
type Error struct {
	// Reason is one of v1alpha1's Ready reasons.
	Reason string
	// Message is for people: stable for the same cause, at most 300 characters,
	// free of secrets, request IDs and timestamps.
	Message string
	// Unknown reports whether a write may have taken effect although it failed, so the
	// target has to be looked up before it is written again.
	Unknown bool
	// MovedTo is the repository's path of today where Reason is ReasonMoved, "" where that
	// is not known.
	MovedTo string
	// Stale reports whether the SCM does not show what the request relied on, such as a check run
	// that is gone, so the target has to be looked up before it is written again. Nothing
	// was sent that could take effect later.
	Stale bool
	// Refused says what the SCM's own "no" is about, RefusedNothing for any other error. An
	// Error with another value has the Reason CredentialsInvalid or RepoNotFound.
	Refused Refused
	// Relied is what the refused request relied on that the account can learn anew, and
	// Learned when it learned that.
	Relied  Fact
	Learned time.Time
}

// Error returns the message.
func (e *Error) Error() string { return e.Message }

// Errorf makes an Error with a Reason and a message of at most 300 characters.
func Errorf(reason, format string, args ...any) *Error {
	return &Error{Reason: reason, Message: Sentence(fmt.Sprintf(format, args...))}
}

// Moved is the Error of a write to a repository that has another path now, "" where that is
// not known: a write follows no redirect.
func Moved(repository, to string) *Error {
	e := Errorf(v1alpha1.ReasonMoved, "repository %s has another name now: change spec.repository of the GitRepo", repository)
	if to != "" {
		e = Errorf(v1alpha1.ReasonMoved, "repository %s is %s now: change spec.repository of the GitRepo", repository, to)
		e.MovedTo = to
	}
	return e
}

// Today completes the error of a write that was redirected by the path that its repository has
// today, which one read tells. Any other error it returns as it is.
func (e *Error) Today(repository string, read func() (string, error)) *Error {
	if e.Reason != v1alpha1.ReasonMoved || e.MovedTo != "" {
		return e
	}
	path, err := read()
	if err != nil {
		if failed := AsError(err); failed.Reason == v1alpha1.ReasonPending || failed.Reason == v1alpha1.ReasonUnavailable {
			return failed
		}
		return e
	}
	if strings.EqualFold(path, repository) {
		return Errorf(v1alpha1.ReasonMoved,
			"what is written to repository %s is redirected, although that is its name: the ScmProvider's apiURL may not be the API's own address", repository)
	}
	return Moved(repository, path)
}

// AsError returns err as an *Error. One that is none of ours is Unavailable,
// with an unknown outcome: nothing says that the request did not arrive.
func AsError(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return &Error{Reason: v1alpha1.ReasonUnavailable, Message: Sentence(err.Error()), Unknown: true}
}

// Sentence makes one line of at most 300 characters of text that may come from
// a server: runs of white space become one blank, what does not print is left out.
func Sentence(text string) string {
	if isSentence(text) {
		return text
	}
	var b strings.Builder
	runes := 0
	for _, word := range strings.Fields(text) {
		word = strings.Map(printed, word)
		if word == "" {
			continue
		}
		if runes > 0 {
			b.WriteByte(' ')
			runes++
		}
		for _, r := range word {
			if runes >= maxMessage-1 {
				return strings.TrimSpace(b.String()) + "…"
			}
			b.WriteRune(r)
			runes++
		}
	}
	return b.String()
}

// isSentence reports whether a text is one that Sentence leaves as it is, of ASCII only: most
// are, and they are not copied.
func isSentence(text string) bool {
	if len(text) >= maxMessage {
		return false
	}
	before := byte(' ')
	for i := range len(text) {
		if c := text[i]; c < ' ' || c > '~' || c == ' ' && before == ' ' {
			return false
		}
		before = text[i]
	}
	return text == "" || before != ' '
}

// printed is a rune that prints, or less than 0.
func printed(r rune) rune {
	if r == utf8.RuneError || !unicode.IsPrint(r) {
		return -1
	}
	return r
}
