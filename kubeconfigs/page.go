package kubeconfigs

import (
	"context"
	"fmt"
	"io"
)

// pageBuffer is how much of a list is in memory at a time, beside one object.
const pageBuffer = 16 << 10

// page is a part of a list that was read to its end.
type page struct {
	listHead
	// objects is how many it had.
	objects int
}

// page reads a page of at most limit objects, and hands on one after the other: each is taken
// before the next is read.
func (o *objects) page(ctx context.Context, body io.Reader, limit int64, take func(found) error) (page, error) {
	var p page
	raw, done := o.codec.borrowRaw()
	defer done()
	head, err := readList(newScanner(body, pageBuffer), func(s *scanner) error {
		return s.elements(func() error {
			if int64(p.objects) >= limit {
				return errTooMany
			}
			p.objects++
			if err := raw.read(s); err != nil {
				return err
			}
			f, err := o.decode(ctx, raw)
			if err != nil {
				return err
			}
			return take(f)
		})
	})
	if err == nil {
		list := o.kind
		list.Kind += "List"
		err = head.is(list)
	}
	if err != nil {
		return page{}, fmt.Errorf("reading a list: %w", err)
	}
	p.listHead = head
	return p, nil
}
