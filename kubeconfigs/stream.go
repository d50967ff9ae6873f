package kubeconfigs

import (
	"context"
	"errors"
	"fmt"
	"io"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/json"
	utilnet "k8s.io/apimachinery/pkg/util/net"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/argoproj-labs/commit-status-hub/ratelimit/response"
)

const (
	// eventLimit is for one event of a watch, what is left out of it included.
	eventLimit = 8 << 20
	// watchBuffer is how much of a watch is in memory at a time, beside one object. Every
	// watch has it all the time.
	watchBuffer = 1 << 10
)

// errOver ends a watch after which another goes on from where it was.
var errOver = errors.New("the watch is over")

// event is a watch's event of one object, or, as a bookmark, of none.
type event struct {
	kind watch.EventType
	found
}

// stream is the body of a watch.
type stream struct {
	*objects
	body *response.Capped
	*scanner
}

func (o *objects) stream(body io.ReadCloser) *stream {
	limited := capped(body, 0)
	return &stream{objects: o, body: limited, scanner: newScanner(limited, watchBuffer)}
}

// read waits for the next event of the reflector's kind. What ends a watch that can be gone on
// with is errOver.
func (f *reflector) read(ctx context.Context, s *stream) (event, error) {
	e, err := s.event(ctx)
	var status *apierrors.StatusError
	switch {
	case err == nil:
		f.unreadable.readable()
	case isOver(err):
		err = errOver
	case errors.As(err, &status), ctx.Err() != nil:
	default:
		err = fmt.Errorf("reading a watch: %w", err)
		f.unreadable.broken(err)
	}
	return e, err
}

// event reads one event. An object that cannot be read is no error, so long as it is known
// where it ends; what the member says to have gone wrong is an APIStatus.
func (s *stream) event(ctx context.Context) (e event, err error) {
	s.body.Left = eventLimit
	if _, err := s.next(); err != nil {
		return e, err
	}
	raw, done := s.codec.borrowRaw()
	defer done()
	err = s.fields(func(name string) (err error) {
		switch name {
		case "type":
			var kind string
			kind, err = s.text(keyLimit)
			e.kind = watch.EventType(kind)
		case "object":
			err = raw.read(s.scanner)
		default:
			err = s.skip()
		}
		return err
	})
	switch {
	case err != nil:
		return e, unexpected(err)
	case e.kind == watch.Error:
		return e, raw.status()
	}
	if e.found, err = s.decode(ctx, raw); err != nil {
		return e, err
	}
	return e, s.check(e)
}

// check returns an error for bytes that are no event of a watch; an event of an unreadable
// object is none.
func (s *stream) check(e event) error {
	switch {
	case errors.Is(e.err, errOtherKind), errors.Is(e.err, errNoObject):
		return e.err
	case e.kind == watch.Added, e.kind == watch.Modified, e.kind == watch.Deleted:
		return nil
	case e.kind == watch.Bookmark && e.version != "":
		return nil
	}
	return fmt.Errorf("%q is no event", e.kind)
}

// status is what a member says to have gone wrong.
func (r *rawObject) status() error {
	status := metav1.Status{}
	if r.err != nil {
		return r.err
	}
	if err := json.Unmarshal(r.content.bytes, &status); err != nil {
		return fmt.Errorf("reading what went wrong: %w", err)
	}
	return fmt.Errorf("watching: %w", apierrors.FromObject(&status))
}

// isOver reports whether a stream has ended, by either side or by the network.
func isOver(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || utilnet.IsProbableEOF(err) || utilnet.IsTimeout(err)
}
