package release

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Unreleased is the name of the changelog's section for what no version has yet.
const Unreleased = "Unreleased"

// Repository is where the project is.
const Repository = "https://github.com/argoproj-labs/commit-status-hub"

var (
	// heading is the heading of a version, such as "## [0.1.0] - 2026-11-30".
	heading = regexp.MustCompile(`^## \[(\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?)\] - \d{4}-\d{2}-\d{2}$`)
	// definition is a line that defines a link, such as "[0.1.0]: https://…".
	definition = regexp.MustCompile(`^\[[^\]]+\]: \S+$`)
	// relative is the beginning of a link to a file of this repository.
	relative = regexp.MustCompile(`\]\(([^):#]+[^):]*)\)`)

	// kinds are the sections of a version that Keep a Changelog knows.
	kinds = []string{"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
)

// section is what a changelog says of one version.
type section struct {
	version string
	lines   []string
}

// Notes returns what the changelog says of a version, such as v0.1.0 or Unreleased. Links to
// files lead to those of the tag. It fails where the changelog has another form than that of
// Keep a Changelog, and where it says nothing of the version.
func Notes(changelog, version string) (string, error) {
	sections, err := parse(changelog)
	if err != nil {
		return "", fmt.Errorf("reading the changelog: %w", err)
	}
	tag := version
	if version == Unreleased {
		tag = "main"
	}
	at := slices.IndexFunc(sections, func(s section) bool { return s.version == strings.TrimPrefix(version, "v") })
	if at < 0 {
		return "", fmt.Errorf("the changelog has no section of %s, such as \"## [%s] - 2026-11-30\"", version, strings.TrimPrefix(version, "v"))
	}
	text := strings.TrimSpace(strings.Join(sections[at].lines, "\n"))
	if text == "" {
		return "", fmt.Errorf("the changelog says nothing of %s", version)
	}
	return relative.ReplaceAllString(text, "]("+Repository+"/blob/"+tag+"/$1)") + "\n", nil
}

// parse divides a changelog into its sections, the first of which is Unreleased.
func parse(changelog string) ([]section, error) {
	var sections []section
	for number, line := range strings.Split(changelog, "\n") {
		version := heading.FindStringSubmatch(line)
		switch {
		case definition.MatchString(line):
		case line == "## ["+Unreleased+"]":
			sections = append(sections, section{version: Unreleased})
		case version != nil:
			sections = append(sections, section{version: version[1]})
		case strings.HasPrefix(line, "## "):
			return nil, fmt.Errorf("line %d is no heading of a version: %s", number+1, line)
		case strings.HasPrefix(line, "### ") && !slices.Contains(kinds, strings.TrimPrefix(line, "### ")):
			return nil, fmt.Errorf("line %d is none of %s: %s", number+1, strings.Join(kinds, ", "), line)
		case len(sections) > 0:
			last := &sections[len(sections)-1]
			last.lines = append(last.lines, line)
		}
	}
	if len(sections) == 0 || sections[0].version != Unreleased {
		return nil, errors.New("it does not begin with the section " + Unreleased)
	}
	seen := map[string]bool{}
	for _, each := range sections {
		if seen[each.version] {
			return nil, fmt.Errorf("%s is there twice", each.version)
		}
		seen[each.version] = true
	}
	return sections, nil
}
