package ledger

import (
	"encoding/json"
	"hash/maphash"

	"github.com/argoproj-labs/commit-status-hub/providers"
)

// rememberedKeys is the number of forgotten keys and commits that are distinguished from new
// ones: about 3 MiB.
const rememberedKeys = 1 << 16

// What may be remembered of a forgotten key in place of what was shown there.
const (
	// untold : something may be shown there, of which this process knows nothing.
	untold uint64 = iota
	// doubtful : this process has written there, and does not know what came of it.
	doubtful
	// firstPrint is the least that stands for something that was shown.
	firstPrint
)

// tombstones tells keys that the hub has forgotten from new ones: what it wrote
// there may still be shown, so it is looked up when the key is claimed again. It also
// tells a status that knows of less than this process did. It holds the newest hashes
// only; two keys with one hash cost a look-up at worst.
type tombstones struct {
	seed maphash.Seed
	// set is what was known of each key when it was forgotten.
	set  map[uint64]uint64
	ring []uint64
	next int
}

func newTombstones() *tombstones {
	return &tombstones{seed: maphash.MakeSeed(), set: map[uint64]uint64{}}
}

// add remembers a key with what was known of it: untold, doubtful, or a print.
func (f *tombstones) add(key Key, known uint64) {
	hash := maphash.Comparable(f.seed, key)
	_, ok := f.set[hash]
	f.set[hash] = known
	switch {
	case ok:
	case len(f.ring) < rememberedKeys:
		f.ring = append(f.ring, hash)
	default:
		delete(f.set, f.ring[f.next])
		f.ring[f.next] = hash
		f.next = (f.next + 1) % rememberedKeys
	}
}

// fingerprint stands for what is shown, nil for nothing.
func (f *tombstones) fingerprint(shown *providers.Shown) uint64 {
	var h maphash.Hash
	h.SetSeed(f.seed)
	// It holds nothing that cannot be written as JSON.
	_ = json.NewEncoder(&h).Encode(shown)
	return max(h.Sum64(), firstPrint)
}

// mayShow reports whether the SCM may show something at a key that no status mentions.
func (f *tombstones) mayShow(key Key) bool {
	known, ok := f.set[maphash.Comparable(f.seed, key)]
	return ok && known != f.fingerprint(nil)
}

// contradicts reports whether this process knew something else of a key than a status
// tells.
func (f *tombstones) contradicts(key Key, told *providers.Shown) bool {
	known, ok := f.set[maphash.Comparable(f.seed, key)]
	return ok && known != untold && known != f.fingerprint(told)
}
