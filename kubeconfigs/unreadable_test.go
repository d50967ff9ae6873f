package kubeconfigs

import (
	"errors"
	"testing"

	. "github.com/onsi/gomega"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/watch"
)

func TestWatchesThatBringNothingReadableAreDoubted(t *testing.T) {
	g := NewWithT(t)
	var doubts []error
	u := &unreadable{doubt: func(err error) { doubts = append(doubts, err) }}
	// As client-go reports it.
	broken := watch.Event{Type: watch.Error, Object: apierrors.NewClientErrorReporter(500, "GET", decoding).AsObject(errors.New("too large"))}
	for range unreadableWatches - 1 {
		u.note(broken)
	}
	g.Expect(u.trouble()).NotTo(HaveOccurred(), "a connection may have been lost")
	u.note(watch.Event{Type: watch.Bookmark, Object: born(1)})
	u.note(broken)
	g.Expect(u.trouble()).NotTo(HaveOccurred(), "something was read since")
	u.note(expired())
	u.note(broken)
	u.note(broken)
	g.Expect(u.trouble()).To(MatchError(ContainSubstring("too large")))
	g.Expect(doubts).To(HaveLen(1))
	u.note(watch.Event{Type: watch.Modified, Object: born(1)})
	g.Expect(u.trouble()).NotTo(HaveOccurred())
}
