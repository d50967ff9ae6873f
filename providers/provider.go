package providers

import (
	"context"

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
}

// Status is what an SCM shows, or should show, at a Target.
type Status struct {
	Phase       v1alpha1.Phase
	Description string
	URL         string
}

// Shown is a Status that the SCM answered with, and what finds it again.
type Shown struct {
	Status
	Handle v1alpha1.ProviderHandle
}

// Step is what has to be done so that an SCM shows a Status.
type Step int

const (
	// StepNone : it is shown already.
	StepNone Step = iota
	// StepCreate : a new status has to be made.
	StepCreate
	// StepUpdate : the status that is shown can be changed in place.
	StepUpdate
	// StepUnsupported : the SCM cannot get there now.
	StepUnsupported
)

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
}

// Dialect is how an SCM shows a Status. It is pure: it makes no request.
type Dialect interface {
	// Render says what the SCM will show when it is asked for want: after its
	// mapping of phases and its limits of length. It makes no request.
	Render(want Status) Status

	// Next says what leads from shown, nil for nothing, to want. Both are
	// compared as Render renders them. It makes no request.
	Next(shown *Shown, want Status) Step
}

// Account is a ScmProvider with its credential.
type Account interface {
	Dialect

	// Lane names the installation whose budget a write to repository spends,
	// as far as that is known without a request. While known is false it is the
	// installation that Client spends to find out.
	Lane(repository string) (id string, known bool)

	// Client returns the client for repository. It may take a request to learn
	// the installation, which is made once for each owner.
	Client(ctx context.Context, repository string) (Client, error)
}
