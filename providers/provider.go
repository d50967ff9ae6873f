package providers

import (
	"context"
	"slices"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
)

// Target is one named status on one commit: what a Client reads and writes.
type Target struct {
	// Repository is the repository's path, as the SCM's API takes it.
	Repository string
	// SHA is the full hash of the commit, in lower case.
	SHA string
	// Name is what the status is shown under.
	Name string
	// ExternalID is the hub's own mark of this target, the same after any
	// restart. Where the SCM can store it, a status whose answer was lost is
	// found by it.
	ExternalID string
	// FormerIDs are the ExternalIDs of this target by former paths of its repository.
	FormerIDs []string
}

// Marks reports whether a mark in the SCM is of this target.
func (t Target) Marks(externalID string) bool {
	return externalID == t.ExternalID || slices.Contains(t.FormerIDs, externalID)
}

// Status is what an SCM shows, or should show, at a Target.
type Status struct {
	// Phase is one of v1alpha1's phases. In what an SCM answered it may be a Word instead.
	Phase       v1alpha1.Phase
	Description string
	URL         string
}

// Over reports whether a status has ended: it shows a final phase, or an SCM's own word that
// none of the phases means. Such a word is always read as ended.
func (s Status) Over() bool { return s.Phase.Terminal() || !s.Phase.Known() }

// Shown is a Status that the SCM answered with, and what finds it again.
type Shown struct {
	Status
	Handle v1alpha1.ProviderHandle
	// Foreign reports whether it is shown under the target's name, but that somebody else
	// made it: it is never changed, only superseded.
	Foreign bool
	// DefaultURL is the URL that the SCM shows, where it is also the one shown when none was
	// given: URL is empty then, since it is unknown which of the two it is.
	DefaultURL string `json:"-"`
}

// For returns what is shown, read for somebody who wants a status: where the SCM's own URL is the
// one that is wanted, it is shown.
func (s *Shown) For(want Status) *Shown {
	if s == nil || s.URL != "" || s.DefaultURL == "" || s.DefaultURL != want.URL {
		return s
	}
	out := *s
	out.URL = s.DefaultURL
	return &out
}

// Commit is a commit whose statuses a Client lists.
type Commit struct {
	// Repository is the repository's path, as the SCM's API takes it.
	Repository string
	// SHA is the full hash of the commit, in lower case.
	SHA string
}

// Listing is what an SCM shows on one commit.
type Listing struct {
	// Tag names the state of the commit that was listed, for the next List. It is
	// empty where the SCM has no conditional requests, or the list took several.
	Tag string
	// Unchanged reports whether the commit is as it was when Tag was given. Statuses is
	// empty then.
	Unchanged bool
	// Marked reports whether the SCM stores ExternalIDs, so that a status without the one
	// of its target is not the hub's.
	Marked bool
	// Loose reports whether a status may be another repository's that has the same commit, such as
	// a fork's.
	Loose bool
	// Statuses is the newest status under each name, of those that this credential
	// could have written. It has the names as they are shown and as they are folded.
	Statuses map[string]Listed
}

// Listed is one status of a Listing.
type Listed struct {
	Shown
	// ExternalID is the mark that its maker left, "" for none.
	ExternalID string
}

// Step is what has to be done so that an SCM shows a Status.
type Step int

const (
	// StepNone : it is shown already.
	StepNone Step = iota
	// StepCreate : a new status has to be made.
	StepCreate
	// StepReplace : a new status has to be made, and the one that is shown, which has not
	// ended, would stay unfinished beside it. An update to Closing ends it first.
	StepReplace
	// StepUpdate : the status that is shown can be changed in place.
	StepUpdate
	// StepUnsupported : the SCM cannot get there now.
	StepUnsupported
)

// MakesNew reports whether a step makes a new status.
func (s Step) MakesNew() bool { return s == StepCreate || s == StepReplace }

// Client reads and writes the statuses of the repositories of one installation.
// Its methods are safe for concurrent use, respect the deadline of ctx, send at
// most the requests that their comment names, and fail with an *Error.
type Client interface {
	// Create makes a new status in one request.
	Create(ctx context.Context, at Target, want Status) (Shown, error)

	// Update changes the status that shown names in one request.
	Update(ctx context.Context, at Target, shown Shown, want Status) (Shown, error)

	// Find returns what the SCM shows at a target, if this credential wrote it,
	// and nil when there is nothing of ours. It is one request for each page of
	// the commit's statuses.
	Find(ctx context.Context, at Target) (*Shown, error)

	// List returns the statuses on a commit, of every name and by any writer, as far as this
	// credential could have made them. It makes one request for each page. tag is that of an
	// earlier Listing by the same credential, "" for none: where nothing changed since, the SCM
	// may report that at no cost.
	List(ctx context.Context, at Commit, tag string) (Listing, error)

	// Path returns the path that the client's repository has today, in one request: another
	// one than the client's where the SCM redirects to where the repository has moved.
	Path(ctx context.Context) (string, error)
}

// Dialect is how an SCM shows a Status. It is pure: it makes no request.
type Dialect interface {
	// Render says what the SCM will show when it is asked for want: after its
	// mapping of phases and its limits of length. It makes no request.
	Render(want Status) Status

	// Next says what leads from shown, nil for nothing, to want. Both are
	// compared as Render renders them. It makes no request.
	Next(shown *Shown, want Status) Step

	// Obstacle says why Next is StepUnsupported, in words that follow "the SCM", such
	// as "cannot change the description while the phase stays running".
	Obstacle(shown *Shown, want Status) string
}

// Account is a ScmProvider with its credential.
type Account interface {
	Dialect

	// Writer is whom the SCM takes writes to come from, the same for every credential
	// of theirs: one writer cannot change what another has made.
	Writer() string

	// Lane names the installation whose budget a write to repository spends,
	// as far as that is known without a request. While known is false it is the
	// installation that Client spends to find out.
	Lane(repository string) (id string, known bool)

	// Exclusion names what at most one write may be under way for at a time, "" where
	// writes to different targets do not get into each other's way.
	Exclusion(at Commit) string

	// Client returns the client for repository. It may take a request to learn
	// the installation, which is made once for each owner.
	Client(ctx context.Context, repository string) (Client, error)

	// Renew learns anew what a refused request to repository relied on: its token, or the
	// installation of its owner. It takes two requests at most, and none where the account
	// learns nothing for it.
	Renew(ctx context.Context, repository string, refused *Error) error
}
