package providers

import (
	"fmt"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
)

// Kind is one sort of SCM.
type Kind interface {
	// Name is the field of ScmProviderSpec that selects the kind, such as "github".
	Name() string

	// Title is the SCM's name for people, such as "GitHub".
	Title() string

	// Host is the root of the SCM's web pages: their host, github.com for the API at
	// api.github.com, with its port unless that is 443, and the path under which the SCM is
	// there, if any.
	Host(spec v1alpha1.ScmProviderSpec) (string, error)

	// Fold maps every spelling of a repository's path that the SCM takes for the
	// same one to one spelling.
	Fold(repository string) string

	// FoldName maps every spelling of a status's name that the SCM takes for the same
	// one to one spelling, where it is written as spec says.
	FoldName(spec v1alpha1.ScmProviderSpec, name string) string

	// Open makes an Account of a ScmProvider and the data of its Secret, without
	// a request. It fails with an *Error when they are unusable.
	Open(provider *v1alpha1.ScmProvider, secret map[string][]byte) (Account, error)
}

// Registry knows the kinds of SCM that the hub can serve.
type Registry map[string]Kind

// NewRegistry makes a Registry of kinds.
func NewRegistry(kinds ...Kind) Registry {
	r := Registry{}
	for _, k := range kinds {
		r[k.Name()] = k
	}
	return r
}

// Find returns the kind that a ScmProvider selects.
func (r Registry) Find(spec v1alpha1.ScmProviderSpec) (Kind, error) {
	name := spec.Kind()
	kind, ok := r[name]
	if !ok {
		return nil, Errorf(v1alpha1.ReasonUnsupported, "this version of the hub cannot write to %s", orNone(name))
	}
	return kind, nil
}

func orNone(name string) string {
	if name == "" {
		return "a ScmProvider that names no SCM"
	}
	return fmt.Sprintf("SCMs of the kind %s", name)
}
