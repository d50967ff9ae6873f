// Command notes prints what a changelog, on its standard input, says of the version that is
// its argument.
package main

import (
	"fmt"
	"io"
	"os"

	"github.com/argoproj-labs/commit-status-hub/deploy/release"
)

func main() {
	if err := run(os.Args[1:], os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string, in io.Reader, out io.Writer) error {
	if len(args) != 1 {
		return fmt.Errorf("usage: notes VERSION <CHANGELOG.md")
	}
	changelog, err := io.ReadAll(in)
	if err != nil {
		return fmt.Errorf("reading the changelog: %w", err)
	}
	notes, err := release.Notes(string(changelog), args[0])
	if err != nil {
		return err
	}
	_, err = io.WriteString(out, notes)
	return err
}
