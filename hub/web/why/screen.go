package why

import (
	"io"
	"os"

	"golang.org/x/term"
)

// narrowest is the least number of columns that lines are wrapped to.
const narrowest = 40

// Screen is where text is printed.
type Screen struct {
	// Width is how many columns a line has; 0 wraps none.
	Width int
	// Color allows colors. Whatever has one has a sign or a word as well.
	Color bool
}

// ScreenOf returns what a stream is. What is no terminal has neither colors nor a width. NO_COLOR
// switches colors off where it is not empty (no-color.org), and so does a terminal without any.
func ScreenOf(out io.Writer, getenv func(string) string) Screen {
	file, ok := out.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return Screen{}
	}
	s := Screen{Color: getenv("NO_COLOR") == "" && getenv("TERM") != "dumb"}
	if width, _, err := term.GetSize(int(file.Fd())); err == nil && width > 0 {
		s.Width = max(width, narrowest)
	}
	return s
}
