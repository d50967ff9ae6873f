package ratelimit

import (
	"testing"

	. "github.com/onsi/gomega"
)

func TestItemsWithOneHashAreFoundAndDroppedEach(t *testing.T) {
	for _, order := range [][]int{{0, 1, 2}, {2, 1, 0}, {1, 2, 0}, {1, 0, 2}} {
		g := NewWithT(t)
		x := newIndex[string]()
		x.hash = func(string) uint64 { return 7 }
		entries := []*entry[string]{{item: "a"}, {item: "b"}, {item: "c"}}
		for _, e := range entries {
			g.Expect(x.get(e.item)).To(BeNil())
			x.put(e)
		}
		for n, i := range order {
			for _, left := range order[n:] {
				g.Expect(x.get(entries[left].item)).To(BeIdenticalTo(entries[left]))
			}
			x.drop(entries[i])
			g.Expect(x.get(entries[i].item)).To(BeNil())
			g.Expect(x.len).To(Equal(2 - n))
		}
		g.Expect(x.byHash).To(BeEmpty())
	}
}
