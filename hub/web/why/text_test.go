package why

import (
	"strings"
	"testing"

	. "github.com/onsi/gomega"
)

func TestText_WrapsAtTheWidth(t *testing.T) {
	g := NewWithT(t)
	text := &text{Screen: Screen{Width: 20}}
	text.line(2, 6, span{text: "label", pad: 8}, span{text: "one two three"}, span{text: "four"}, span{text: "five"})
	text.line(0, 2, span{text: "a-word-that-is-longer-than-a-line"}, span{text: "next"})
	g.Expect(text.lines.String()).To(Equal("" +
		"  label     one two\n" +
		"      three  four\n" +
		"      five\n" +
		"a-word-that-is-longer-than-a-line\n" +
		"  next\n"))
}

func TestText_CountsColumnsAsATerminalDoes(t *testing.T) {
	g := NewWithT(t)
	for word, n := range map[string]int{"": 0, "abc": 3, "日本": 4, "e\u0301": 1, "✓": 1, "ｆｕｌｌ": 8, "ü": 1} {
		g.Expect(columns(word)).To(Equal(n), word)
	}
	text := &text{Screen: Screen{Width: 40}}
	text.line(0, 0, span{text: strings.Repeat("日", 15)}, span{text: strings.Repeat("日", 5)})
	g.Expect(text.lines.String()).To(ContainSubstring("日\n日"))
}

func TestText_ColorsOnlyWhereThatIsAllowed(t *testing.T) {
	for _, color := range []bool{true, false} {
		text := &text{Screen: Screen{Color: color}}
		text.line(0, 0, span{text: "✗ failure", style: bad}, span{text: "plain"})
		want := "✗ failure  plain\n"
		if color {
			want = "\x1b[31m✗\x1b[0m \x1b[31mfailure\x1b[0m  plain\n"
		}
		NewWithT(t).Expect(text.lines.String()).To(Equal(want))
	}
}

func TestText_LeavesNoSpaceAtTheEndOfALine(t *testing.T) {
	text := &text{}
	text.line(2, 2, span{text: "label", pad: 9}, span{text: " "}, span{pad: 3})
	NewWithT(t).Expect(text.lines.String()).To(Equal("  label\n"))
}
