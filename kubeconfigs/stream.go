package kubeconfigs

import (
	"errors"
	"fmt"
	"io"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	utilnet "k8s.io/apimachinery/pkg/util/net"
	"k8s.io/apimachinery/pkg/watch"
	restwatch "k8s.io/client-go/rest/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// errOver ends a watch after which another goes on from where it was.
var errOver = errors.New("the watch is over")

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
