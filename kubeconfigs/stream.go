package kubeconfigs

import (
	"errors"
	"fmt"
	"io"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/runtime/serializer/streaming"
	utilnet "k8s.io/apimachinery/pkg/util/net"
	"k8s.io/apimachinery/pkg/watch"
	restwatch "k8s.io/client-go/rest/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// errOver ends a watch after which another goes on from where it was.
var errOver = errors.New("the watch is over")

// codec reads what members answer. One serves them all.
type codec struct {
	factory serializer.CodecFactory
	params  runtime.ParameterCodec
	json    runtime.SerializerInfo
}

func newCodec(scheme *runtime.Scheme) *codec {
	c := &codec{factory: serializer.NewCodecFactory(scheme), params: runtime.NewParameterCodec(scheme)}
	c.json, _ = runtime.SerializerInfoForMediaType(c.factory.SupportedMediaTypes(), runtime.ContentTypeJSON)
	return c
}

// stream reads a watch's body event by event.
func (c *codec) stream(body io.ReadCloser) *restwatch.Decoder {
	frames := c.json.StreamSerializer.NewFrameReader(body)
	return restwatch.NewDecoder(streaming.NewDecoder(frames, c.json.StreamSerializer), c.factory.UniversalDeserializer())
}

// event is what a watch tells of one object, or, as a bookmark, of none.
type event struct {
	kind   watch.EventType
	object client.Object
}

// read waits for the next event of the feed's kind. What ends a watch that can be gone on
// with is errOver.
func (f *feed) read(stream *restwatch.Decoder) (event, error) {
	kind, decoded, err := stream.Decode()
	if isOver(err) {
		return event{}, errOver
	}
	if err == nil && kind == watch.Error {
		return event{}, fmt.Errorf("watching: %w", apierrors.FromObject(decoded))
	}
	object, ok := decoded.(client.Object)
	if err == nil && (!ok || !f.into.holds(object)) {
		err = fmt.Errorf("%T is not what was watched", decoded)
	}
	if err != nil {
		err = fmt.Errorf("reading a watch: %w", err)
		f.unreadable.broken(err)
		return event{}, err
	}
	f.unreadable.readable()
	return event{kind, object}, nil
}

// isOver reports whether a stream has ended, by either side or by the network.
func isOver(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || utilnet.IsProbableEOF(err) || utilnet.IsTimeout(err)
}
