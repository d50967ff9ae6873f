package providers

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// maxItems is how many items one page of a list holds at most: ten times what any SCM is
// asked for.
const maxItems = 1000

// Page is one page of a list in an SCM's answer, nil for null. An answer of very many items
// takes no more memory than maxItems of them: it is refused.
type Page[T any] []T

// UnmarshalJSON reads a page. It fails with ErrNotUnderstood where there are too many items.
func (p *Page[T]) UnmarshalJSON(body []byte) error {
	*p = nil
	if bytes.Equal(bytes.TrimSpace(body), []byte("null")) {
		return nil
	}
	d := json.NewDecoder(bytes.NewReader(body))
	if start, err := d.Token(); err != nil || start != json.Delim('[') {
		return fmt.Errorf("a page is no list: %w", ErrNotUnderstood)
	}
	items := Page[T]{}
	for d.More() {
		if len(items) == maxItems {
			return fmt.Errorf("more than %d items on a page: %w", maxItems, ErrNotUnderstood)
		}
		var item T
		if err := d.Decode(&item); err != nil {
			return err
		}
		items = append(items, item)
	}
	*p = items
	return nil
}
