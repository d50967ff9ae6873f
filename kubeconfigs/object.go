package kubeconfigs

import (
	"context"
	"errors"
	"fmt"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/json"
	"k8s.io/apimachinery/pkg/util/validation"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const (
	// nameLimit is how long a name and a namespace may be together.
	nameLimit = validation.DNS1123SubdomainMaxLength + validation.DNS1123LabelMaxLength
	// uidLimit is how long a UID may be. Kubernetes' have 36 characters.
	uidLimit = 128
	// costOfValue is how many bytes of memory a value takes at most while it is decoded: an
	// empty condition has 96, and a slice is copied while it grows.
	costOfValue = 400
	// costOfByte is how often a text is there at most while it is decoded.
	costOfByte = 4
)

// decodingLimit is how many bytes all members' objects may take at once while they are
// decoded. Who waits for the network holds none of it.
const decodingLimit = 24 << 20

// objects reads the objects of one kind, in one namespace or in all, that a member sends.
type objects struct {
	codec     *codec
	kind      schema.GroupVersionKind
	namespace string
	// keep takes from an object what is not kept of it, and returns its size.
	keep func(client.Object) (size int)
}

// found is an object that a member has.
type found struct {
	// object is nil where it cannot be read. That is why then.
	object client.Object
	err    error
	// size is how many bytes are kept of it.
	size int
	// name is the object's, zero where it has none that is valid; version is "" then.
	name    types.NamespacedName
	version string
}

// decode makes an object of its JSON. The error is the context's, and no other: an object
// that cannot be read is no reason not to read the next.
func (o *objects) decode(ctx context.Context, raw *rawObject) (found, error) {
	if errors.Is(raw.err, errNoObject) {
		return found{err: raw.err}, nil
	}
	cost := min(decodingLimit, int64(costOfByte*raw.size()+costOfValue*raw.values()))
	if err := o.codec.decoding.Acquire(ctx, cost); err != nil {
		return found{}, fmt.Errorf("waiting for memory: %w", err)
	}
	defer o.codec.decoding.Release(cost)
	object, err := newOf[client.Object](o.codec.scheme, o.kind)
	if err != nil {
		return found{}, err
	}
	if err := json.Unmarshal(raw.metadata.bytes, object); err != nil {
		return found{err: fmt.Errorf("reading its metadata: %w", err)}, nil
	}
	var f found
	if f.err = validName(object, o.namespace); f.err == nil {
		f.name = client.ObjectKeyFromObject(object)
		f.err = validMetadata(object)
	}
	if version := object.GetResourceVersion(); validVersion(version) {
		f.version = version
	}
	if f.err == nil {
		f.err = raw.err
	}
	if f.err == nil {
		f.err = o.content(raw, object)
	}
	switch {
	case f.err == nil:
		f.object, f.size = object, o.keep(object)
	case o.isOther(raw):
		f.err = errOtherKind
	}
	return f, nil
}

// isOther reports whether an object that cannot be read is of another kind altogether.
func (o *objects) isOther(raw *rawObject) bool {
	var of metav1.TypeMeta
	err := json.Unmarshal(raw.content.bytes, &of)
	return err == nil && of.Kind != "" && of.GroupVersionKind() != o.kind
}

// content reads all of an object but its metadata.
func (o *objects) content(raw *rawObject, object client.Object) error {
	if err := json.Unmarshal(raw.content.bytes, object); err != nil {
		return err
	}
	if got := object.GetObjectKind().GroupVersionKind(); got != o.kind && !got.Empty() { // items may go without
		return errOtherKind
	}
	object.GetObjectKind().SetGroupVersionKind(schema.GroupVersionKind{}) // the informer knows
	return nil
}

// errOtherKind is why an object is not of those that were asked for.
var errOtherKind = errors.New("it is an object of another kind")

// validName checks what Kubernetes lets an object be called. namespace is where it must be,
// "" for anywhere.
func validName(object metav1.Object, namespace string) error {
	if len(object.GetName())+len(object.GetNamespace()) > nameLimit {
		return errTooLarge
	}
	if problems := validation.IsDNS1123Subdomain(object.GetName()); len(problems) > 0 {
		return fmt.Errorf("its name: %s", problems[0])
	}
	if problems := validation.IsDNS1123Label(object.GetNamespace()); len(problems) > 0 {
		return fmt.Errorf("its namespace: %s", problems[0])
	}
	if namespace != "" && object.GetNamespace() != namespace {
		return errors.New("it is in another namespace than was asked for")
	}
	return nil
}

// validMetadata checks what else an API server gives an object. Times are valid when they
// can be read.
func validMetadata(object metav1.Object) error {
	switch uid := string(object.GetUID()); {
	case uid == "" || len(uid) > uidLimit || strings.ContainsFunc(uid, func(r rune) bool { return r <= ' ' || r > '~' }):
		return errors.New("its UID is none")
	case !validVersion(object.GetResourceVersion()):
		return errors.New("its resource version is none")
	case object.GetGeneration() < 0:
		return errors.New("its generation is negative")
	}
	return nil
}
