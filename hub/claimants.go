package hub

import "slices"

// claimants are the objects that claim a key. Most keys have one, for which a map would
// take several times the memory.
type claimants []*object

// of returns the claimant with an ID, nil where there is none.
func (c claimants) of(id ObjectID) *object {
	for _, o := range c {
		if o.id() == id {
			return o
		}
	}
	return nil
}

func (c claimants) has(o *object) bool { return slices.Contains(c, o) }

func (c *claimants) add(o *object) {
	if !c.has(o) {
		*c = append(*c, o)
	}
}

func (c *claimants) remove(o *object) {
	at := slices.Index(*c, o)
	if at < 0 {
		return
	}
	last := len(*c) - 1
	(*c)[at], (*c)[last] = (*c)[last], nil
	if *c = (*c)[:last]; last == 0 {
		*c = nil
	}
}
