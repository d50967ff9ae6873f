package chaos

import (
	"sync"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
)

// Place is where a status is shown. Provider is the ScmProvider that it is written by.
type Place struct{ Provider, Repository, SHA, Name string }

// Content is what a status shows.
type Content struct {
	Phase            v1alpha1.Phase
	Description, URL string
}

// asked is all that was ever asked for.
type asked struct {
	mu     sync.Mutex
	places map[Place]map[Content]bool
}

func newAsked() *asked { return &asked{places: map[Place]map[Content]bool{}} }

func placeOf(provider, repository string, spec v1alpha1.CommitStatusSpec) Place {
	return Place{provider, repository, spec.SHA, spec.Name}
}

func contentOf(spec v1alpha1.CommitStatusSpec) Content {
	return Content{spec.Phase, spec.Description, spec.URL}
}

// add notes what is about to be asked for.
func (a *asked) add(at Place, what Content) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.places[at] == nil {
		a.places[at] = map[Content]bool{}
	}
	a.places[at][what] = true
}

// allows reports whether a write is of something that was asked for there, or ends what
// was.
func (a *asked) allows(at Place, what Content) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.places[at][what] {
		return true
	}
	if what.Phase != v1alpha1.PhaseCanceled {
		return false
	}
	for asked := range a.places[at] {
		if asked.Description == what.Description && asked.URL == what.URL {
			return true
		}
	}
	return false
}
