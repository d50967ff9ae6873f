package kubeconfigs

import (
	"fmt"
	"io"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/runtime/serializer/json"
	"k8s.io/apimachinery/pkg/runtime/serializer/streaming"
	restwatch "k8s.io/client-go/rest/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// codec reads what members answer. One serves them all.
type codec struct {
	scheme  *runtime.Scheme
	factory serializer.CodecFactory
	params  runtime.ParameterCodec
	// expecting reads JSON as what it is expected to be.
	expecting *json.Serializer
}

func newCodec(scheme *runtime.Scheme) *codec {
	c := &codec{scheme: scheme, factory: serializer.NewCodecFactory(scheme), params: runtime.NewParameterCodec(scheme)}
	c.expecting = json.NewSerializerWithOptions(expected{}, scheme, scheme, json.SerializerOptions{})
	return c
}

// expected has no text looked through for its kind, which would take as long as to read it:
// it is what the reader asked for, or turns out not to be.
type expected struct{}

// Interpret implements json.MetaFactory.
func (expected) Interpret([]byte) (*schema.GroupVersionKind, error) {
	return &schema.GroupVersionKind{}, nil
}

// list reads a list of a kind.
func (c *codec) list(body []byte, kind schema.GroupVersionKind) (client.ObjectList, error) {
	kind.Kind += "List"
	list, err := newOf[client.ObjectList](c.scheme, kind)
	if err != nil {
		return nil, err
	}
	if _, _, err := c.expecting.Decode(body, &kind, list); err != nil {
		return nil, fmt.Errorf("reading a list: %w", err)
	}
	if got := list.GetObjectKind().GroupVersionKind(); got != kind {
		return nil, fmt.Errorf("reading a list: %q is not a %s", got.Kind, kind.Kind)
	}
	return list, nil
}

// stream reads a watch's body of objects of a kind event by event.
func (c *codec) stream(body io.ReadCloser, kind schema.GroupVersionKind) *restwatch.Decoder {
	events := streaming.NewDecoder(json.Framer.NewFrameReader(body), c.expecting)
	return restwatch.NewDecoder(events, &ofKind{codec: c, kind: kind})
}

// ofKind reads objects of a kind, and others, such as what has gone wrong, at a second try.
type ofKind struct {
	*codec
	kind schema.GroupVersionKind
}

// Decode implements runtime.Decoder.
func (w *ofKind) Decode(data []byte, defaults *schema.GroupVersionKind, into runtime.Object) (runtime.Object, *schema.GroupVersionKind, error) {
	object, kind, err := w.expecting.Decode(data, &w.kind, nil)
	if err == nil && object.GetObjectKind().GroupVersionKind() == w.kind {
		return object, kind, nil
	}
	return w.factory.UniversalDeserializer().Decode(data, defaults, into)
}
