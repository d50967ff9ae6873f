package main

import (
	"io"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// terminal writes to a person's screen what others may have worded: what could move the
// cursor, change colors or hide text becomes spaces.
type terminal struct {
	out io.Writer
	// rest is the beginning of a character of which the end has not been written yet.
	rest []byte
}

// Write implements io.Writer.
func (t *terminal) Write(text []byte) (int, error) {
	all := slices.Concat(t.rest, text)
	whole := len(all)
	for i := max(0, len(all)-utf8.UTFMax); i < len(all); i++ {
		if utf8.RuneStart(all[i]) && !utf8.FullRune(all[i:]) {
			whole = i
			break
		}
	}
	clean := plain(string(all[:whole]))
	t.rest = append([]byte(nil), all[whole:]...)
	if _, err := io.WriteString(t.out, clean); err != nil {
		return 0, err
	}
	return len(text), nil
}

// plain is a text of lines without control characters.
func plain(text string) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' || unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, text)
}
