package main

import (
	"errors"
	"regexp"
	"strings"
)

var shellBlock = regexp.MustCompile("(?s)\n```sh\n(.*?)\n```\n")

// verification returns the commands of the page as one script, for the rehearsed version, and
// with the registry on loopback in place of GitHub's.
func verification(page, version, registry string) (string, error) {
	var blocks []string
	for _, found := range shellBlock.FindAllStringSubmatch(page, -1) {
		blocks = append(blocks, found[1])
	}
	script := strings.Join(blocks, "\n")
	if !regexp.MustCompile(`(?m)^VERSION=v[0-9.]+$`).MatchString(script) || !strings.Contains(script, "=ghcr.io/") {
		return "", errors.New("the page sets no VERSION, or no image of ghcr.io")
	}
	script = regexp.MustCompile(`(?m)^VERSION=.*$`).ReplaceAllLiteralString(script, "VERSION="+version)
	return strings.ReplaceAll(script, "=ghcr.io/", "="+registry+"/"), nil
}
