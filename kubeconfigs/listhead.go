package kubeconfigs

import (
	"errors"
	"fmt"
	"io"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/resourceversion"
)

const (
	// continueLimit is how long the token for a next page may be: it holds an object's key
	// and a version, twice as base64.
	continueLimit = 4 << 10
	// versionLimit is how long a resource version may be. etcd's have 64 bits.
	versionLimit = 32
)

// listHead is what a list says beside its items.
type listHead struct {
	apiVersion, kind string
	// version is as of when the list is, and next the token for its next page, "" at the end.
	version, next string
}

// readList reads a list field by field. items takes the array of its items, which an API
// server sends before the list's kind and version.
func readList(s *scanner, items func(*scanner) error) (head listHead, err error) {
	err = s.fields(func(name string) (err error) {
		switch name {
		case "apiVersion":
			head.apiVersion, err = s.text(keyLimit)
		case "kind":
			head.kind, err = s.text(keyLimit)
		case "metadata":
			err = head.readMeta(s)
		case "items":
			err = items(s)
		default:
			err = s.skip()
		}
		return err
	})
	if err != nil {
		return head, unexpected(err)
	}
	// The end is read too: only then is it known that the deadline was not what ended the body.
	switch _, err := s.next(); {
	case err == nil:
		return head, errors.New("invalid JSON: something follows the list")
	case !errors.Is(err, io.EOF):
		return head, err
	}
	return head, nil
}

func (h *listHead) readMeta(s *scanner) error {
	return s.fields(func(name string) (err error) {
		switch name {
		case "resourceVersion":
			h.version, err = s.text(versionLimit)
		case "continue":
			h.next, err = s.text(continueLimit)
		default:
			err = s.skip()
		}
		return err
	})
}

// is checks that the list is one of a kind, at a version that can be compared.
func (h listHead) is(kind schema.GroupVersionKind) error {
	if got := schema.FromAPIVersionAndKind(h.apiVersion, h.kind); got != kind {
		return fmt.Errorf("%q is not a %s", h.kind, kind.Kind)
	}
	if !validVersion(h.version) {
		return fmt.Errorf("%q is not a resource version", h.version)
	}
	return nil
}

// validVersion reports whether a resource version is one that an API server gives.
func validVersion(version string) bool {
	_, err := resourceversion.CompareResourceVersion(version, version)
	return err == nil && len(version) <= versionLimit
}
