package kubeconfigs

import (
	"cmp"
	"errors"
	"sync"

	"golang.org/x/sync/semaphore"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
)

// What an object may be, so that it is decoded.
const (
	// objectLimit is in bytes of JSON: etcd takes requests of 1.5 MiB at most, and no API
	// server holds an object over 2 MiB.
	objectLimit = 2 << 20
	// metadataLimit is the part of it that metadata may have: API servers take 256 KiB of
	// annotations.
	metadataLimit = 320 << 10
	// largeObject is how much of an object's content may be held while it is read, whatever
	// others there are: what the CRDs of this project allow is less. Of all members together
	// largeAtOnce objects may have more.
	largeObject = 640 << 10
	largeAtOnce = 8
	// valuesLimit is how many values an object may have. The CRDs of this project allow
	// about a hundred.
	valuesLimit = 10_000
	// depthLimit is how deep they may be nested.
	depthLimit = 32
	// identityRoom and identityValues are kept free for the fields that name an object, whatever
	// its annotations are.
	identityRoom   = 8 << 10
	identityValues = 16
	// spareLimit is how large the memory of a rawObject may be that is used again.
	spareLimit = 64 << 10
)

var (
	errNoObject   = errors.New("what should be an object is none")
	errNoMetadata = errors.New("the object's metadata is no JSON object")
	errTwoFields  = errors.New("the object has its metadata or its annotations twice")
	errCrowded    = errors.New("members send too many large objects at once: it is read again later")
)

// rawObject is an object as a member sends it, without the fields that the hub has no use
// for, however large they are. Its metadata is apart, since it may be all that can be read.
type rawObject struct {
	// metadata is {"metadata":{…}}, and content the object without it.
	metadata, content kept
	// err is why it is not all there.
	err error
	// room bounds the large objects that are being read, and roomy says that this is one.
	room  *semaphore.Weighted
	roomy bool
}

// rawObjects are to be used again.
var rawObjects = sync.Pool{New: func() any { return &rawObject{} }}

// borrowRaw returns an empty rawObject. done gives it back.
func (c *codec) borrowRaw() (raw *rawObject, done func()) {
	raw, ok := rawObjects.Get().(*rawObject)
	if !ok {
		raw = &rawObject{}
	}
	raw.err, raw.room = errNoObject, c.large
	return raw, func() {
		raw.leaveRoom()
		if cap(raw.metadata.bytes)+cap(raw.content.bytes) <= spareLimit {
			rawObjects.Put(raw)
		}
	}
}

// contentFields are the fields of an object that are kept beside its metadata. Three are of
// the Status that a watch's last event may be.
var contentFields = map[string]bool{
	"apiVersion": true, "kind": true, "spec": true, "status": true, "code": true, "reason": true, "message": true,
}

// metadataFields are the fields of metadata that are kept, and annotations of the annotations.
var (
	metadataFields = map[string]bool{
		"name": true, "namespace": true, "uid": true, "resourceVersion": true, "generation": true,
		"creationTimestamp": true, "deletionTimestamp": true,
	}
	annotations = map[string]bool{v1alpha1.AnnotationRequestedAt: true}
)

// read takes in an object in the place of what was there. An error is one of the stream;
// what is wrong with the object alone is r.err.
func (r *rawObject) read(s *scanner) error {
	r.err = nil
	r.leaveRoom()
	r.metadata.empty(`{"metadata":{`, metadataLimit)
	r.content.empty(`{`, objectLimit-metadataLimit)
	r.content.large = r.takeRoom
	seen, annotated := false, false
	err := r.fields(s, errNoObject, func(name string) error {
		switch {
		case name == "metadata" && seen:
			r.err = errTwoFields
			return s.skip()
		case name == "metadata":
			seen = true
			return r.fields(s, errNoMetadata, func(name string) error {
				r.metadata.limit, r.metadata.values = metadataLimit, valuesLimit
				if name == "annotations" && annotated {
					r.err = errTwoFields
					return s.skip()
				}
				if name == "annotations" {
					annotated = true
					r.metadata.limit, r.metadata.values = metadataLimit-identityRoom, valuesLimit-identityValues
					return r.metadata.object(s, name, annotations)
				}
				return r.metadata.field(s, name, metadataFields)
			})
		default:
			return r.content.field(s, name, contentFields)
		}
	})
	r.metadata.bytes = append(r.metadata.bytes, "}}"...)
	r.content.bytes = append(r.content.bytes, '}')
	r.err = errors.Join(r.err, r.metadata.lost, r.content.lost)
	return err
}

// takeRoom reports whether the object may be a large one.
func (r *rawObject) takeRoom() bool {
	r.roomy = r.roomy || r.room.TryAcquire(1)
	return r.roomy
}

func (r *rawObject) leaveRoom() {
	if r.roomy {
		r.room.Release(1)
		r.roomy = false
	}
}

// size is how many bytes are kept, and values how many values they have.
func (r *rawObject) size() int   { return len(r.metadata.bytes) + len(r.content.bytes) }
func (r *rawObject) values() int { return r.metadata.begun + r.content.begun }

// fields reads what should be an object, and notes where it is none.
func (r *rawObject) fields(s *scanner, none error, do func(name string) error) error {
	b, err := s.next()
	switch {
	case err != nil:
		return err
	case b != '{':
		r.err = none
		return s.skip()
	}
	return s.fields(do)
}

// empty has an object begin, of which so many bytes are kept.
func (k *kept) empty(opening string, limit int) {
	*k = kept{bytes: append(k.bytes[:0], opening...), limit: limit, values: valuesLimit, depth: depthLimit}
}

// object keeps those of the fields of a field that is an object. What else it is, is kept as
// it is.
func (k *kept) object(s *scanner, name string, fields map[string]bool) error {
	b, err := s.next()
	if err != nil || b != '{' {
		return cmp.Or(err, k.field(s, name, map[string]bool{name: true}))
	}
	k.name(name)
	k.bytes = append(k.bytes, '{')
	err = s.fields(func(name string) error { return k.field(s, name, fields) })
	k.bytes = append(k.bytes, '}')
	return err
}

// name begins a field.
func (k *kept) name(name string) {
	if k.bytes[len(k.bytes)-1] != '{' {
		k.bytes = append(k.bytes, ',')
	}
	k.bytes = append(append(append(k.bytes, '"'), name...), `":`...)
}

// field keeps a field of an object, if it is one of those, unless it is too large: the
// object's name may come after it.
func (k *kept) field(s *scanner, name string, fields map[string]bool) error {
	if !fields[name] {
		return s.skip()
	}
	end := len(k.bytes)
	k.name(name)
	k.mark = end
	err := s.value(k)
	if k.err != nil {
		k.bytes, k.lost, k.err = k.bytes[:end], k.err, nil
	}
	return err
}
