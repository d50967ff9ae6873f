package release

import (
	"os"
	"testing"

	. "github.com/onsi/gomega"
)

const changelog = `# Changelog

Words about it, with a [link](docs/install.md).

## [Unreleased]

## [0.2.0-rc.1] - 2026-12-24

One sentence.

### Added

- Something, see [installing](docs/install.md#the-hub) and [the site](https://example.com/a).

### Fixed

- A mistake, as [said above](#added).

## [0.1.0] - 2026-11-30

### Added

- All of it.

[Unreleased]: https://github.com/argoproj-labs/commit-status-hub/compare/v0.2.0-rc.1...HEAD
[0.1.0]: https://github.com/argoproj-labs/commit-status-hub/releases/tag/v0.1.0
`

func TestNotes_AreTheSectionOfTheVersion(t *testing.T) {
	g := NewWithT(t)
	g.Expect(Notes(changelog, "v0.2.0-rc.1")).To(Equal(`One sentence.

### Added

- Something, see [installing](https://github.com/argoproj-labs/commit-status-hub/blob/v0.2.0-rc.1/docs/install.md#the-hub) and [the site](https://example.com/a).

### Fixed

- A mistake, as [said above](#added).
`))
	g.Expect(Notes(changelog, "0.1.0")).To(Equal("### Added\n\n- All of it.\n"))
}

func TestNotes_OfWhatIsUnreleasedLinkToTheBranch(t *testing.T) {
	g := NewWithT(t)
	g.Expect(Notes("## [Unreleased]\n\n- [A](docs/a.md)\n", Unreleased)).To(Equal("- [A](" + Repository + "/blob/main/docs/a.md)\n"))
}

func TestNotes_RefuseAVersionThatTheChangelogLacks(t *testing.T) {
	for version, why := range map[string]string{
		"v0.3.0":   `no section of v0.3.0, such as "## [0.3.0] - 2026-11-30"`,
		"v0.2.0":   "no section of v0.2.0",
		"v0":       "no section of v0",
		Unreleased: "says nothing of Unreleased",
	} {
		_, err := Notes(changelog, version)
		NewWithT(t).Expect(err).To(MatchError(ContainSubstring(why)), version)
	}
}

func TestNotes_RefuseAnotherForm(t *testing.T) {
	for text, why := range map[string]string{
		"# Changelog\n":                        "does not begin with the section Unreleased",
		"## [0.1.0] - 2026-11-30\n\n- All.\n":  "does not begin with the section Unreleased",
		"## [Unreleased]\n## 0.1.0\n":          "line 2 is no heading of a version",
		"## [Unreleased]\n## [0.1.0]\n":        "line 2 is no heading of a version",
		"## [Unreleased]\n### New\n":           "line 2 is none of Added, Changed,",
		"## [Unreleased]\n\n## [Unreleased]\n": "Unreleased is there twice",
	} {
		_, err := Notes(text, Unreleased)
		NewWithT(t).Expect(err).To(MatchError(ContainSubstring(why)), text)
	}
}

// A release takes its notes from the file that is there.
func TestNotes_ReadTheChangelogOfThisRepository(t *testing.T) {
	g := NewWithT(t)
	text, err := os.ReadFile("../../CHANGELOG.md")
	g.Expect(err).NotTo(HaveOccurred())
	_, err = parse(string(text))
	g.Expect(err).NotTo(HaveOccurred())
}
