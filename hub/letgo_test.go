package hub

import (
	"testing"

	. "github.com/onsi/gomega"
)

func TestAHubThatEndsTellsNobodyThatAnotherOwnsTheKeyNow(t *testing.T) {
	f := newFleet(t)
	f.hear("eu", testStatus())
	f.hear("us", testStatus())
	ending := true
	follower := &follower{cluster: "eu", engagement: f.token["eu"], watcher: &watcher{
		ledger: f.Ledger, publisher: &publisher{outlets: map[string]*outlet{}}, apply: func(Changes) {}, ending: func() bool { return ending },
	}}
	follower.letGo()
	f.g.Expect(f.entryOf(testKey).claims).To(HaveLen(2))
	ending = false
	follower.letGo()
	f.g.Expect(f.entryOf(testKey).claims).To(HaveLen(1))
}
