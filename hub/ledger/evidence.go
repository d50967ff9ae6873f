package ledger

// evidence says how far what a key shows (Observation.Shown) can be relied on. The zero value is
// that of a key of which nothing is known. Only the methods below change it;
// TestEvidence_Transitions has their table.
type evidence struct {
	source source
	doubt  doubt
	// touched reports whether this process has read or written the key in its SCM. Members'
	// statuses may be older than that.
	touched bool
}

// source is where the knowledge of what a key shows comes from.
type source uint8

const (
	// unread : the owner's status has not been read for this key.
	unread source = iota
	// unmentioned : the owner's status did not mention this key, so a status found in the SCM
	// may belong to a cluster that has not synced.
	unmentioned
	// reported : a member's status reports it. Its users can forge that.
	reported
	// underSeal : a member's status reports it under a right seal, which proves nothing before
	// the take-over is over.
	underSeal
	// confirmed : this process read or wrote it, a seal proves it, or the key is new.
	confirmed
)

// doubt is whether something newer may have been written since.
type doubt uint8

const (
	// undoubted : nothing was.
	undoubted doubt = iota
	// stale : what is shown is from before what may have been written last.
	stale
	// lost : a write was not answered. The SCM may show it or not.
	lost
)

// Certain reports whether the SCM showed it as this process read or wrote it, or as a seal
// proves. Otherwise it has to be looked up before the first write.
func (v evidence) Certain() bool { return v.source == confirmed }

// Lost reports whether the answer to a write was lost.
func (v evidence) Lost() bool { return v.doubt == lost }

// doubtful reports whether a look-up has to come before anything else.
func (v evidence) doubtful() bool { return v.doubt != undoubted }

// unproven reports whether a look-up would tell more.
func (v evidence) unproven() bool { return v.source != confirmed || v.doubt != undoubted }

// mayBeSent reports whether nothing is known but that a predecessor may have written the key.
func (v evidence) mayBeSent() bool { return v.source == unmentioned && v.doubt != lost && !v.touched }

// read takes in that a member's status reports what is shown, under a right seal or not.
// outdated says that more may have been written since.
func (v *evidence) read(outdated, sealedRight bool) {
	v.source = reported
	if outdated || v.touched {
		v.outdated()
	} else if sealedRight {
		v.source = underSeal
	}
}

// readNothing takes in that the owner's status does not mention the key, or that the
// claimants' statuses do not agree.
func (v *evidence) readNothing() { v.source = unmentioned }

// disputed takes in that another claimant's status reports something else.
func (v *evidence) disputed() {
	if v.source == underSeal {
		v.source = reported
	}
}

// proved takes in that nothing newer than a sealed status can be on its way any more.
func (v *evidence) proved() {
	if v.source == underSeal {
		v.source = confirmed
	}
}

// isNew takes in that no earlier leader can have known the key.
func (v *evidence) isNew() { v.source = confirmed }

// observed takes in what this process read or wrote.
func (v *evidence) observed() { *v = evidence{source: confirmed, touched: true} }

// unanswered takes in that the answer to a write was lost.
func (v *evidence) unanswered() { v.doubt = lost }

// refuted takes in that the write whose answer is awaited was never sent.
func (v *evidence) refuted() { v.doubt = undoubted }

// outdated takes in that something newer may have been written.
func (v *evidence) outdated() { v.doubt = max(v.doubt, stale) }

// vanished takes in that the SCM knows the place no more: what is there later is not known.
func (v *evidence) vanished() { v.source = unmentioned }

// handedOver takes in that another writer writes the key from now on, who knows nothing of
// what is shown.
func (v *evidence) handedOver() { v.source, v.doubt = unmentioned, undoubted }

// claimedAnew takes in that a key which nobody claimed is claimed: what others' statuses
// reported of it does not count for that claim.
func (v *evidence) claimedAnew() { v.source, v.doubt = unread, undoubted }

// movedEmpty takes in that nothing was shown by a former path of the repository, which says
// nothing of what is shown by this one. A status that is older than what was known does not count.
func (v *evidence) movedEmpty() {
	if v.source == confirmed || v.touched {
		v.source = unmentioned
	} else {
		v.source = unread
	}
}

// forAnother is the evidence for another writer than the one whose status is shown.
func (v evidence) forAnother() evidence {
	if v.source == confirmed {
		v.source = unmentioned
	}
	return v
}
