// Command wording checks the comments and names of the product's packages, as far as a machine can:
// the rules are in rules.go. A package that does not hold them yet is listed in exceptions.txt with
// the number of its findings, which may only fall.
package main

import (
	"flag"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// roots are the directories of the product's code.
var roots = []string{"apis", "cmd", "deploy", "hub", "kubeconfigs", "providers", "ratelimit"}

const exceptionsFile = "test/wording/exceptions.txt"

func main() {
	lower := flag.Bool("lower", false, "write the present numbers to "+exceptionsFile+" where they have fallen")
	all := flag.Bool("all", false, "print the findings of packages with exceptions too")
	flag.Parse()
	ok, err := run(os.Stdout, *lower, *all)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	if !ok {
		os.Exit(1)
	}
}

// run checks all packages from the repository's root and reports whether none has more findings than
// its exception allows, and none fewer.
func run(out io.Writer, lower, all bool) (ok bool, err error) {
	text, err := os.ReadFile(exceptionsFile)
	if err != nil {
		return false, err
	}
	allowed, err := parseExceptions(string(text))
	if err != nil {
		return false, err
	}
	found, err := checkRoots()
	if err != nil {
		return false, err
	}
	ok = compare(out, found, allowed, lower, all)
	if lower {
		return ok, os.WriteFile(exceptionsFile, []byte(formatExceptions(string(text), allowed)), 0o600)
	}
	return ok, nil
}

// checkRoots returns the findings of each package, by its directory.
func checkRoots() (map[string][]finding, error) {
	found := map[string][]finding{}
	for _, root := range roots {
		err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || !isProduct(path) {
				return err
			}
			findings, err := checkFile(path, nil)
			dir := filepath.ToSlash(filepath.Dir(path))
			found[dir] = append(found[dir], findings...)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return found, nil
}

// isProduct reports whether a file is written by hand and part of what is released.
func isProduct(path string) bool {
	name := filepath.Base(path)
	return strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_test.go") &&
		!strings.HasPrefix(name, "zz_generated") && !strings.HasSuffix(name, ".pb.go")
}

// compare prints what differs from the exceptions. With lower it lowers them instead of complaining
// of fewer findings.
func compare(out io.Writer, found map[string][]finding, allowed map[string]int, lower, all bool) (ok bool) {
	ok = true
	dirs := maps.Clone(found)
	for dir := range allowed {
		if _, exists := dirs[dir]; !exists {
			dirs[dir] = nil
		}
	}
	for _, dir := range slices.Sorted(maps.Keys(dirs)) {
		findings, most := found[dir], allowed[dir]
		if len(findings) > most || all {
			for _, o := range findings {
				fmt.Fprintln(out, o)
			}
		}
		switch {
		case len(findings) > most:
			ok = false
			fmt.Fprintf(out, "%s: %d findings, %d are allowed: see test/wording/rules.go\n", dir, len(findings), most)
		case len(findings) < most && lower:
			allowed[dir] = len(findings)
		case len(findings) < most:
			ok = false
			fmt.Fprintf(out, "%s: %d findings, fewer than the %d allowed: run 'go run ./test/wording -lower'\n", dir, len(findings), most)
		}
	}
	return ok
}

// parseExceptions reads lines of a package's directory and a number. Lines that start with # are comments.
func parseExceptions(text string) (map[string]int, error) {
	allowed := map[string]int{}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		dir, number, _ := strings.Cut(line, " ")
		n, err := strconv.Atoi(strings.TrimSpace(number))
		if err != nil {
			return nil, fmt.Errorf("%s: %q: %w", exceptionsFile, line, err)
		}
		allowed[dir] = n
	}
	return allowed, nil
}

// formatExceptions returns the file's text with the numbers of allowed: the comments of before, then
// the packages that still need an exception.
func formatExceptions(before string, allowed map[string]int) string {
	var out strings.Builder
	for line := range strings.Lines(before) {
		if strings.HasPrefix(line, "#") {
			out.WriteString(line)
		}
	}
	for _, dir := range slices.Sorted(maps.Keys(allowed)) {
		if allowed[dir] > 0 {
			fmt.Fprintf(&out, "%s %d\n", dir, allowed[dir])
		}
	}
	return out.String()
}
