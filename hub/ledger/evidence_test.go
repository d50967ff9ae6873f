package ledger

import "testing"

// What is known of a key, from each event to what it leads to.
func TestEvidence_Transitions(t *testing.T) {
	know := func(s source, d doubt) evidence { return evidence{source: s, doubt: d} }
	touched := func(v evidence) evidence { v.touched = true; return v }
	seal := func(outdated, right bool) func(*evidence) {
		return func(v *evidence) { v.read(outdated, right) }
	}
	for name, c := range map[string]struct {
		from  evidence
		event func(*evidence)
		to    evidence
	}{
		"a status reports it":                                   {know(unread, undoubted), seal(false, false), know(reported, undoubted)},
		"a status reports it, which is not up to date":          {know(unread, undoubted), seal(true, false), know(reported, stale)},
		"a status reports it under a right seal":                {know(unread, undoubted), seal(false, true), know(underSeal, undoubted)},
		"a sealed status is not up to date":                     {know(unread, undoubted), seal(true, true), know(reported, stale)},
		"a status is older than what this process did":          {touched(know(unread, undoubted)), seal(false, true), touched(know(reported, stale))},
		"a status is read while an answer is awaited":           {know(unread, lost), seal(true, false), know(reported, lost)},
		"no status mentions it":                                 {know(unread, undoubted), (*evidence).readNothing, know(unmentioned, undoubted)},
		"no earlier leader can have known it":                   {know(unmentioned, undoubted), (*evidence).isNew, know(confirmed, undoubted)},
		"the take-over is over for a sealed status":             {know(underSeal, undoubted), (*evidence).proved, know(confirmed, undoubted)},
		"the take-over is over for a status that has no seal":   {know(reported, undoubted), (*evidence).proved, know(reported, undoubted)},
		"the take-over is over for what nothing mentions":       {know(unmentioned, undoubted), (*evidence).proved, know(unmentioned, undoubted)},
		"another claimant contradicts a sealed status":          {know(underSeal, undoubted), (*evidence).disputed, know(reported, undoubted)},
		"another claimant contradicts what was read":            {know(confirmed, undoubted), (*evidence).disputed, know(confirmed, undoubted)},
		"it is read or written":                                 {know(unread, undoubted), (*evidence).observed, touched(know(confirmed, undoubted))},
		"it is read after a lost answer":                        {know(confirmed, lost), (*evidence).observed, touched(know(confirmed, undoubted))},
		"a write is not answered":                               {touched(know(confirmed, undoubted)), (*evidence).unanswered, touched(know(confirmed, lost))},
		"a write is not answered of what was stale":             {know(confirmed, stale), (*evidence).unanswered, know(confirmed, lost)},
		"the write was never sent":                              {know(confirmed, lost), (*evidence).refuted, know(confirmed, undoubted)},
		"something newer may have been written":                 {know(confirmed, undoubted), (*evidence).outdated, know(confirmed, stale)},
		"something newer may have been written beside the lost": {know(confirmed, lost), (*evidence).outdated, know(confirmed, lost)},
		"the SCM knows the place no more":                       {touched(know(confirmed, undoubted)), (*evidence).vanished, touched(know(unmentioned, undoubted))},
		"another writer takes the key over":                     {touched(know(confirmed, lost)), (*evidence).handedOver, touched(know(unmentioned, undoubted))},
		"a key that nobody claimed is claimed":                  {touched(know(reported, stale)), (*evidence).claimedAnew, touched(know(unread, undoubted))},
		"nothing was shown by the former path":                  {know(confirmed, undoubted), (*evidence).movedEmpty, know(unmentioned, undoubted)},
		"nothing was touched by the former path":                {know(unmentioned, stale), (*evidence).movedEmpty, know(unread, stale)},
		"nothing is left by the former path":                    {touched(know(unmentioned, stale)), (*evidence).movedEmpty, touched(know(unmentioned, stale))},
		"another writer asks about it":                          {know(confirmed, lost), func(v *evidence) { *v = v.forAnother() }, know(unmentioned, lost)},
		"another writer asks about what a status reports":       {know(reported, stale), func(v *evidence) { *v = v.forAnother() }, know(reported, stale)},
	} {
		got := c.from
		if c.event(&got); got != c.to {
			t.Errorf("%s: %+v leads to %+v, want %+v", name, c.from, got, c.to)
		}
	}
}

// What follows of each state for requests: only what is confirmed and undoubted needs no look.
func TestEvidence_Questions(t *testing.T) {
	type answers struct{ certain, lost, doubtful, unproven, mayBeSent bool }
	for _, c := range []struct {
		of   evidence
		want answers
	}{
		{evidence{}, answers{unproven: true}},
		{evidence{source: unmentioned}, answers{unproven: true, mayBeSent: true}},
		{evidence{source: unmentioned, doubt: stale}, answers{doubtful: true, unproven: true, mayBeSent: true}},
		{evidence{source: unmentioned, doubt: lost}, answers{lost: true, doubtful: true, unproven: true}},
		{evidence{source: unmentioned, touched: true}, answers{unproven: true}},
		{evidence{source: reported}, answers{unproven: true}},
		{evidence{source: underSeal}, answers{unproven: true}},
		{evidence{source: confirmed}, answers{certain: true}},
		{evidence{source: confirmed, doubt: stale}, answers{certain: true, doubtful: true, unproven: true}},
		{evidence{source: confirmed, doubt: lost}, answers{certain: true, lost: true, doubtful: true, unproven: true}},
	} {
		got := answers{c.of.Certain(), c.of.Lost(), c.of.doubtful(), c.of.unproven(), c.of.mayBeSent()}
		if got != c.want {
			t.Errorf("%+v: %+v, want %+v", c.of, got, c.want)
		}
	}
}
