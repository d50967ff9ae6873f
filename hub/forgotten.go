package hub

import "hash/maphash"

// rememberedKeys is how many forgotten keys are told from new ones: about 2 MiB.
const rememberedKeys = 1 << 16

// forgotten tells keys that the hub has forgotten from new ones: what it wrote
// there may still be shown, so it is looked up when the key is claimed again. It
// holds the newest hashes only; two keys with one hash cost a look-up at worst.
type forgotten struct {
	seed maphash.Seed
	set  map[uint64]struct{}
	ring []uint64
	next int
}

func newForgotten() *forgotten {
	return &forgotten{seed: maphash.MakeSeed(), set: map[uint64]struct{}{}}
}

func (f *forgotten) add(key Key) {
	hash := maphash.Comparable(f.seed, key)
	if _, ok := f.set[hash]; ok {
		return
	}
	f.set[hash] = struct{}{}
	if len(f.ring) < rememberedKeys {
		f.ring = append(f.ring, hash)
		return
	}
	delete(f.set, f.ring[f.next])
	f.ring[f.next] = hash
	f.next = (f.next + 1) % rememberedKeys
}

func (f *forgotten) has(key Key) bool {
	_, ok := f.set[maphash.Comparable(f.seed, key)]
	return ok
}
