package kubeconfigs

import (
	"errors"
	"testing"

	. "github.com/onsi/gomega"
)

func TestWatchesThatBringNothingReadableAreDoubted(t *testing.T) {
	g := NewWithT(t)
	var doubts []error
	u := &unreadable{doubt: func(err error) { doubts = append(doubts, err) }}
	broken := errors.New("too large")
	for range unreadableWatches - 1 {
		u.broken(broken)
	}
	g.Expect(u.trouble()).NotTo(HaveOccurred(), "a connection may have been lost")
	u.readable()
	u.broken(broken)
	g.Expect(u.trouble()).NotTo(HaveOccurred(), "something was read since")
	u.broken(broken)
	u.broken(broken)
	g.Expect(u.trouble()).To(MatchError(broken))
	g.Expect(doubts).To(HaveLen(1))
	u.readable()
	g.Expect(u.trouble()).NotTo(HaveOccurred())
}
