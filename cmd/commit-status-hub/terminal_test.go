package main

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	. "github.com/onsi/gomega"
	"github.com/spf13/cobra"
)

func TestTerminal_ShowsNoControlCharacters(t *testing.T) {
	for text, want := range map[string]string{
		"a table\n  with\ttabs\n":           "a table\n  with\ttabs\n",
		"\x1b[2Jcleared\x1b]0;title\a":      " [2Jcleared ]0;title ",
		"C1 \u009b31m, bidi \u202eabc":      "C1  31m, bidi  abc",
		"back\b\b\b\b and return\rover":     "back     and return over",
		"ünïcödé 日本 stays":                  "ünïcödé 日本 stays",
		"zero\u200bwidth and bad \xff byte": "zero width and bad \ufffd byte",
	} {
		for name, slow := range map[string]func(io.Reader) io.Reader{
			"at once": func(r io.Reader) io.Reader { return r }, "by byte": iotest.OneByteReader, "in half": iotest.HalfReader,
		} {
			t.Run(name+" "+want, func(t *testing.T) {
				g := NewWithT(t)
				var out bytes.Buffer
				_, err := io.Copy(struct{ io.Writer }{&terminal{out: &out}}, struct{ io.Reader }{slow(strings.NewReader(text))})
				g.Expect(err).NotTo(HaveOccurred())
				g.Expect(out.String()).To(Equal(want))
			})
		}
	}
}

func TestExecute_PrintsAnErrorOfOthersPlainly(t *testing.T) {
	g := NewWithT(t)
	var out, errors bytes.Buffer
	root := newRoot()
	root.AddCommand(&cobra.Command{Use: "fail", RunE: func(*cobra.Command, []string) error { return fmt.Errorf("\x1b[2Jevil") }})
	root.SetArgs([]string{"fail"})
	g.Expect(execute(t.Context(), root, &out, &errors)).To(Equal(1))
	g.Expect(errors.String()).To(And(HavePrefix("commit-status-hub: "), ContainSubstring("evil"), Not(ContainSubstring("\x1b"))))
}

func TestClusterCommands_PrintWhatAMemberSaysPlainly(t *testing.T) {
	g := NewWithT(t)
	cluster, _, err := newRoot().Find([]string{"cluster", "check"})
	g.Expect(err).NotTo(HaveOccurred())
	var out bytes.Buffer
	cluster.SetOut(&out)
	cluster.SetErr(&out)
	toTerminal(cluster, nil)
	_, _ = io.WriteString(cluster.OutOrStdout(), "\x1b[1mloud")
	_, _ = io.WriteString(cluster.ErrOrStderr(), "\x1b[1mlouder")
	g.Expect(out.String()).To(Equal(" [1mloud [1mlouder"))
	for _, command := range newCluster().Commands() {
		g.Expect(command.PersistentPreRun).To(BeNil(), "it would replace that of cluster")
	}
}
