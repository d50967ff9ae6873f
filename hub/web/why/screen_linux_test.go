package why

import (
	"fmt"
	"os"
	"testing"

	. "github.com/onsi/gomega"
	"golang.org/x/sys/unix"
)

// terminal opens a pseudo-terminal with a number of columns.
func terminal(t *testing.T, columns uint16) *os.File {
	t.Helper()
	g := NewWithT(t)
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skip("there are no pseudo-terminals here")
	}
	t.Cleanup(func() { _ = master.Close() })
	number, err := unix.IoctlGetInt(int(master.Fd()), unix.TIOCGPTN)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0)).To(Succeed())
	g.Expect(unix.IoctlSetWinsize(int(master.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Col: columns, Row: 24})).To(Succeed())
	out, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	g.Expect(err).NotTo(HaveOccurred())
	t.Cleanup(func() { _ = out.Close() })
	return out
}

func TestScreenOf_ATerminalHasAWidthAndColors(t *testing.T) {
	for name, c := range map[string]struct {
		columns uint16
		env     map[string]string
		want    Screen
	}{
		"usual":    {97, nil, Screen{Width: 97, Color: true}},
		"narrow":   {10, nil, Screen{Width: 40, Color: true}},
		"unknown":  {0, nil, Screen{Color: true}},
		"NO_COLOR": {80, map[string]string{"NO_COLOR": "1"}, Screen{Width: 80}},
		"dumb":     {80, map[string]string{"TERM": "dumb"}, Screen{Width: 80}},
	} {
		t.Run(name, func(t *testing.T) {
			got := ScreenOf(terminal(t, c.columns), func(name string) string { return c.env[name] })
			NewWithT(t).Expect(got).To(Equal(c.want))
		})
	}
}

func TestScreenOf_AFileHasNeither(t *testing.T) {
	g := NewWithT(t)
	out, err := os.Create(t.TempDir() + "/out")
	g.Expect(err).NotTo(HaveOccurred())
	defer out.Close()
	g.Expect(ScreenOf(out, os.Getenv)).To(Equal(Screen{}))
	g.Expect(ScreenOf(&noFile{}, os.Getenv)).To(Equal(Screen{}))
}

type noFile struct{}

// Write implements io.Writer.
func (*noFile) Write(p []byte) (int, error) { return len(p), nil }
