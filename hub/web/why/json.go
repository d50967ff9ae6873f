package why

import (
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf16"
)

// WriteJSON writes the answer as it was sent. What is not printable is written as JSON's escape
// sequence for it, which means the same and controls no terminal.
func (a Answer) WriteJSON(out io.Writer) error {
	var safe strings.Builder
	for _, r := range string(a.Body) {
		switch {
		case r == '\n' || r == '\t' || unicode.IsPrint(r):
			safe.WriteRune(r)
		case r == '\r':
			safe.WriteByte(' ') // valid JSON has it between values only
		default:
			escape(&safe, r)
		}
	}
	_, err := io.WriteString(out, strings.TrimRight(safe.String(), "\n")+"\n")
	return err
}

// escape writes a character as JSON does that has only ASCII.
func escape(out *strings.Builder, r rune) {
	if high, low := utf16.EncodeRune(r); high != unicode.ReplacementChar {
		fmt.Fprintf(out, `\u%04x\u%04x`, high, low)
		return
	}
	fmt.Fprintf(out, `\u%04x`, r)
}
