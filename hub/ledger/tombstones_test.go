package ledger

import (
	"fmt"
	"testing"

	. "github.com/onsi/gomega"
)

func TestTheNewestForgottenKeysAreRemembered(t *testing.T) {
	g := NewWithT(t)
	f := newTombstones()
	key := func(n int) Key { return Key{Name: fmt.Sprint(n)} }
	for n := range rememberedKeys {
		f.add(key(n), untold)
	}
	f.add(key(0), f.fingerprint(nil))
	g.Expect(f.set).To(HaveLen(rememberedKeys))
	g.Expect(f.mayShow(key(0))).To(BeFalse(), "nothing was there")
	g.Expect(f.mayShow(key(1))).To(BeTrue())
	g.Expect(f.contradicts(key(1), shows("queued"))).To(BeFalse(), "this process knew nothing of it")
	f.add(key(1), doubtful)
	g.Expect(f.contradicts(key(1), shows("queued"))).To(BeTrue())
	f.add(key(rememberedKeys), untold)
	g.Expect(f.set).To(HaveLen(rememberedKeys))
	g.Expect(f.mayShow(key(rememberedKeys))).To(BeTrue())
	g.Expect(f.contradicts(key(0), shows("queued"))).To(BeFalse(), "the oldest made room")
}
