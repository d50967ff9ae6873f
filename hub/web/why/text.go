package why

import (
	"strings"
	"unicode"

	"golang.org/x/text/width"
)

// style is the look of a text, as the parameters of the terminal's escape sequence for it.
type style string

const (
	normal style = ""
	bold   style = "1"
	dim    style = "2"
	bad    style = "31"
	good   style = "32"
	waits  style = "33"
)

// span is a part of a line that has one look.
type span struct {
	text  string
	style style
	// pad is how many columns it takes at least.
	pad int
}

// gap is what is between two spans.
const gap = "  "

// text collects lines. What it is given may be anybody's words: nothing but what is printable gets
// through, so that nothing can control the terminal.
type text struct {
	Screen
	lines strings.Builder
}

// line adds a line of spans. What does not fit goes on below, at column hang.
func (t *text) line(indent, hang int, spans ...span) {
	column, space, begun := 0, indent, false
	for _, s := range spans {
		words := strings.Fields(clean(s.text))
		if len(words) == 0 && s.pad == 0 {
			continue
		}
		end := column + space + s.pad
		for _, word := range words {
			if t.Width > 0 && begun && column+space+columns(word) > t.Width {
				t.lines.WriteByte('\n')
				column, space, end = 0, hang, 0
			}
			t.lines.WriteString(strings.Repeat(" ", space))
			t.styled(word, s.style)
			column += space + columns(word)
			space, begun = 1, true
		}
		if len(words) > 0 {
			space = 0
		}
		space = max(space, end-column) + len(gap)
	}
	t.lines.WriteByte('\n')
}

// styled adds a word with its look.
func (t *text) styled(word string, s style) {
	if !t.Color || s == normal {
		t.lines.WriteString(word)
		return
	}
	t.lines.WriteString("\x1b[" + string(s) + "m" + word + "\x1b[0m")
}

// blank adds an empty line, but before the first one.
func (t *text) blank() {
	if t.lines.Len() > 0 {
		t.lines.WriteByte('\n')
	}
}

// clean returns a text with spaces for whatever is not printable.
func clean(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, text)
}

// columns returns how wide a word is on a terminal.
func columns(word string) int {
	n := 0
	for _, r := range word {
		switch kind := width.LookupRune(r).Kind(); {
		case unicode.In(r, unicode.Mn, unicode.Me):
		case kind == width.EastAsianWide || kind == width.EastAsianFullwidth:
			n += 2
		default:
			n++
		}
	}
	return n
}
