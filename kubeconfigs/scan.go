package kubeconfigs

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// keyLimit is how long the name of a field may be that the hub knows. A longer one is as
// good as unknown.
const keyLimit = 64

// errTooMany is why an object, or a list, is not decoded: one byte of JSON can become a
// hundred bytes of memory.
var errTooMany = errors.New("the member's answer has more values than the hub takes")

// scanner reads a stream of JSON value by value, and keeps no more of it than it is asked
// to: what a member sends takes memory only where it is used. It finds out where values
// begin and end; whether they are right is for the decoder of what is kept.
type scanner struct{ in *bufio.Reader }

// newScanner reads with a buffer of so many bytes.
func newScanner(in io.Reader, size int) *scanner { return &scanner{in: bufio.NewReaderSize(in, size)} }

// next returns the first byte of what comes next, without taking it.
func (s *scanner) next() (byte, error) {
	for {
		b, err := s.in.ReadByte()
		if err != nil {
			return 0, err
		}
		if b != ' ' && b != '\n' && b != '\t' && b != '\r' {
			return b, s.in.UnreadByte()
		}
	}
}

// take takes one byte, which must be the one that is expected.
func (s *scanner) take(expected byte) error {
	b, err := s.next()
	if err != nil {
		return err
	}
	if b != expected {
		return fmt.Errorf("invalid JSON: %q in the place of %q", b, expected)
	}
	_, err = s.in.ReadByte()
	return err
}

// each calls do before each element of an object or an array, between its brackets. do
// takes the element.
func (s *scanner) each(opening, closing byte, do func() error) error {
	if err := s.take(opening); err != nil {
		return err
	}
	for first := true; ; first = false {
		b, err := s.next()
		switch {
		case err != nil:
			return unexpected(err)
		case b == closing:
			return s.take(closing)
		case !first:
			err = s.take(',')
		}
		if err == nil {
			err = do()
		}
		if err != nil {
			return unexpected(err)
		}
	}
}

// fields calls do with the name of each field of an object, and do takes the field's value.
// A name that is longer than any that the hub knows is "".
func (s *scanner) fields(do func(name string) error) error {
	return s.each('{', '}', func() error {
		if b, err := s.next(); err != nil || b != '"' {
			return errors.Join(err, fmt.Errorf("invalid JSON: %q in the place of a field's name", b))
		}
		name := kept{limit: keyLimit}
		if err := s.value(&name); err != nil {
			return err
		}
		if err := s.take(':'); err != nil {
			return err
		}
		text, err := name.text()
		if err != nil {
			return fmt.Errorf("reading the name of a field: %w", err)
		}
		return do(text)
	})
}

// elements calls do before each element of an array. null has none.
func (s *scanner) elements(do func() error) error {
	if b, err := s.next(); err == nil && b == 'n' {
		return s.skip()
	}
	return s.each('[', ']', do)
}

// skip passes over a value, whatever it is.
func (s *scanner) skip() error { return s.value(&kept{}) }

// text reads a string of at most limit bytes of JSON.
func (s *scanner) text(limit int) (text string, err error) {
	k := kept{limit: limit}
	if err := s.value(&k); err != nil {
		return "", err
	}
	if k.err != nil {
		return "", k.err
	}
	if err := json.Unmarshal(k.bytes, &text); err != nil {
		return "", fmt.Errorf("reading a text: %w", err)
	}
	return text, nil
}

// value passes over a value, and has it kept.
func (s *scanner) value(k *kept) error {
	if _, err := s.next(); err != nil {
		return err
	}
	var at position
	for {
		if _, err := s.in.Peek(1); err != nil {
			if errors.Is(err, io.EOF) && at.bare {
				k.add(nil, at, true)
				return nil // a number or a word, and nothing after it
			}
			return unexpected(err)
		}
		chunk, err := s.in.Peek(s.in.Buffered())
		if err != nil {
			return fmt.Errorf("reading JSON: %w", err)
		}
		n, done, err := at.walk(chunk)
		if err != nil {
			return err
		}
		k.add(chunk[:n], at, done)
		if _, err := s.in.Discard(n); err != nil {
			return fmt.Errorf("reading JSON: %w", err)
		}
		if done {
			return nil
		}
	}
}

// unexpected tells an end in the middle of a value from one after it.
func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// position is how far a stream is in one JSON value.
type position struct {
	// depth is how many brackets are open, deepest how many were at most, and values
	// how many values have begun.
	depth, deepest, values int
	inString, escape       bool
	// bare reports whether the value is a number or a word, which ends before what follows it.
	bare bool
}

// walk goes on over the next bytes. It returns how many of them are of the value, and
// whether that ends there.
func (p *position) walk(chunk []byte) (n int, done bool, err error) {
	at := *p // a copy is far faster
	defer func() { *p = at }()
	for i, b := range chunk {
		switch {
		case at.escape:
			at.escape = false
		case at.inString:
			at.escape = b == '\\'
			if at.inString = b != '"'; !at.inString && at.depth == 0 {
				return i + 1, true, nil
			}
		case b == '"':
			at.inString = true
		case b == '{', b == '[':
			at.depth++
			at.values++
			at.deepest = max(at.deepest, at.depth)
		case b == '}', b == ']':
			if at.depth == 0 {
				return i, true, at.closed()
			}
			if at.depth--; at.depth == 0 {
				return i + 1, true, nil
			}
		case b == ',' && at.depth > 0:
			at.values++
		case at.depth == 0:
			if b == ',' || b == ':' || b == ' ' || b == '\n' || b == '\t' || b == '\r' {
				return i, true, at.closed()
			}
			at.bare = true
		}
	}
	return len(chunk), false, nil
}

// closed is an error where nothing was there before what ends a value.
func (p *position) closed() error {
	if !p.bare {
		return errors.New("invalid JSON: a value is missing")
	}
	return nil
}

// kept is what is kept of one value, or of several. The zero kept keeps nothing.
type kept struct {
	bytes []byte
	// limit is how many bytes there may be. values and depth bound how many values they
	// hold, and how deep, where they are set.
	limit, values, depth int
	// large is asked before there are more than largeObject bytes, nil where that is no matter.
	large func() bool
	// begun is how many values there are of those that are over, and mark how many bytes
	// stay where the next value is not kept.
	begun, mark int
	// err is why bytes are not all that there was, and lost the same of a field that was
	// left out.
	err, lost error
}

// text is a string that was kept, "" for one that was not.
func (k *kept) text() (text string, err error) {
	if k.err != nil {
		return "", nil //nolint:nilerr // it was not kept, which is no failure
	}
	if bytes.IndexByte(k.bytes, '\\') < 0 {
		return string(bytes.Trim(k.bytes, `"`)), nil
	}
	err = json.Unmarshal(k.bytes, &text)
	return text, err
}

// giveUp keeps nothing of a value, also while the rest of it is yet to come.
func (k *kept) giveUp(why error) {
	k.bytes, k.err = bytes.Clone(k.bytes[:min(k.mark, len(k.bytes))]), why
}

// add keeps the next bytes of a value, unless they are too many.
func (k *kept) add(chunk []byte, at position, done bool) {
	switch {
	case k.err != nil || k.limit == 0:
		return
	case len(k.bytes)+len(chunk) > k.limit:
		k.giveUp(errTooLarge)
		return
	case k.large != nil && len(k.bytes)+len(chunk) > largeObject && !k.large():
		k.giveUp(errCrowded)
		return
	case k.values > 0 && k.begun+at.values > k.values, k.depth > 0 && at.deepest > k.depth:
		k.giveUp(errTooMany)
		return
	}
	k.bytes = append(k.bytes, chunk...)
	if done {
		k.begun += 1 + at.values
	}
}
