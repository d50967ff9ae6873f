package kubeconfigs

import (
	"context"
	"fmt"
	"io"
)

// pageBuffer is how much of a list is in memory at a time, beside one object.
const pageBuffer = 16 << 10

// page is a part of a list.
type page struct {
	listHead
	objects []found
}

// page reads a page of at most limit objects, one after the other: each is as small as it
// is kept before the next is read.
func (o *objects) page(ctx context.Context, body io.Reader, limit int64) (*page, error) {
	p := &page{}
	raw, done := borrowRaw()
	defer done()
	head, err := readList(newScanner(body, pageBuffer), func(s *scanner) error {
		return s.elements(func() error {
			if int64(len(p.objects)) >= limit {
				return errTooMany
			}
			if err := raw.read(s); err != nil {
				return err
			}
			f, err := o.decode(ctx, raw)
			p.objects = append(p.objects, f)
			return err
		})
	})
	if err == nil {
		list := o.kind
		list.Kind += "List"
		err = head.is(list)
	}
	if err != nil {
		return nil, fmt.Errorf("reading a list: %w", err)
	}
	p.listHead = head
	return p, nil
}
