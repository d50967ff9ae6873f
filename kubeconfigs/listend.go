package kubeconfigs

import (
	"errors"
	"fmt"
	"hash/maphash"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

const (
	// listTime is how long a list may take with all its pages.
	listTime = 15 * time.Minute
	// listSlack times the pages that the limit of objects needs is how many a list may have.
	listSlack = 2
)

// errListEnded ends a list that the member would not end.
var errListEnded = errors.New("the list does not end")

// listEnd bounds the pages of one list.
type listEnd struct {
	begun time.Time
	// most is how many objects may be asked for, and asked how many have been.
	most, asked int64
	// tokens are the hashes of the tokens that the list went on with.
	tokens map[uint64]struct{}
	seed   maphash.Seed
}

// newListEnd bounds a list that begins now, by pages of a size, of a kind of which the hub
// takes so many objects.
func newListEnd(now time.Time, limit int, page int64) *listEnd {
	return &listEnd{begun: now, most: listSlack * ((int64(limit) + page - 1) / page) * page, tokens: map[uint64]struct{}{}, seed: maphash.MakeSeed()}
}

// late returns why no page is asked for any more, nil while one may be.
func (e *listEnd) late(now time.Time) error {
	if now.Sub(e.begun) >= listTime {
		return fmt.Errorf("%w: it takes longer than %s", errListEnded, listTime)
	}
	return nil
}

// next takes in a page of a size that brought items and a token to go on with. It reports
// whether the list goes on, or returns why it is given up. Without either the list is full:
// it has as many pages as the hub reads, and what follows is left out.
func (e *listEnd) next(page int64, items int, token string) (more bool, err error) {
	e.asked += page
	if token == "" {
		return false, nil
	}
	hash := maphash.String(e.seed, token)
	_, repeated := e.tokens[hash]
	e.tokens[hash] = struct{}{}
	switch {
	case items == 0:
		return false, fmt.Errorf("%w: a page without objects is to be continued", errListEnded)
	case repeated:
		return false, fmt.Errorf("%w: a token to continue with came twice", errListEnded)
	}
	return e.asked < e.most, nil
}

// recovery returns the token that a member offers to go on with in place of one that has
// expired, "" for none. What follows is newer than what came before.
func recovery(err error) string {
	var status apierrors.APIStatus
	if !errors.As(err, &status) {
		return ""
	}
	return status.Status().Continue
}
