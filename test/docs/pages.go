package docs

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// root is the repository's folder, seen from this one.
const root = "../.."

// page is a Markdown file.
type page struct {
	// path is where it is in the repository, with slashes.
	path string
	text string
}

// pages returns the Markdown files at the top of the repository and in docs/.
func pages() ([]page, error) {
	var found []page
	for _, pattern := range []string{"*.md", "docs/*.md"} {
		paths, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			return nil, err
		}
		for _, path := range paths {
			text, err := os.ReadFile(path)
			if err != nil {
				return nil, err
			}
			name, err := filepath.Rel(root, path)
			if err != nil {
				return nil, err
			}
			found = append(found, page{path: filepath.ToSlash(name), text: string(text)})
		}
	}
	return found, nil
}

var (
	fence   = regexp.MustCompile("(?s)(?:^|\n) *```.*?\n *```(?:\n|$)")
	code    = regexp.MustCompile("`[^`]*`")
	link    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading = regexp.MustCompile(`(?m)^#+ (.*)$`)
	dropped = regexp.MustCompile(`[^\p{L}\p{N} _-]`)
)

// links returns the targets of a page's links.
func (p page) links() (targets []string) {
	prose := code.ReplaceAllString(fence.ReplaceAllString(p.text, "\n"), "")
	for _, found := range link.FindAllStringSubmatch(prose, -1) {
		targets = append(targets, found[1])
	}
	return targets
}

// anchors returns what GitHub makes of a page's headings.
func (p page) anchors() (names []string) {
	for _, found := range heading.FindAllStringSubmatch(fence.ReplaceAllString(p.text, "\n"), -1) {
		plain := dropped.ReplaceAllString(strings.ToLower(found[1]), "")
		names = append(names, strings.ReplaceAll(plain, " ", "-"))
	}
	return names
}

// brokenLinks returns the links of pages to what is not in the repository.
func brokenLinks(all []page) (broken []string) {
	for _, from := range all {
		for _, target := range from.links() {
			if strings.Contains(target, "://") || strings.HasPrefix(target, "mailto:") {
				continue
			}
			if why := from.broken(target, all); why != "" {
				broken = append(broken, fmt.Sprintf("%s links to %s: %s", from.path, target, why))
			}
		}
	}
	return broken
}

// broken says why a link of the page leads nowhere; "" where it leads somewhere.
func (p page) broken(target string, all []page) string {
	path, anchor, _ := strings.Cut(target, "#")
	to := p
	if path != "" {
		path = filepath.ToSlash(filepath.Join(filepath.Dir(p.path), path))
		if _, err := os.Stat(filepath.Join(root, path)); err != nil {
			return "no such file"
		}
		at := slices.IndexFunc(all, func(other page) bool { return other.path == path })
		if at < 0 {
			return ""
		}
		to = all[at]
	}
	if anchor != "" && !slices.Contains(to.anchors(), anchor) {
		return "no such heading"
	}
	return ""
}
