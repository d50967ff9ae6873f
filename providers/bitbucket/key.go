package bitbucket

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	// maxKey is the longest key in characters. (Cloud answers 400 to a longer one.)
	maxKey = 40
	// digestMark begins the keys that are no names.
	digestMark = "csh-"
)

// keyOf is the key of a name, the same for ever.
func keyOf(name string) string {
	if plain(name) {
		return name
	}
	sum := sha256.Sum256([]byte(name))
	return digestMark + hex.EncodeToString(sum[:])[:maxKey-len(digestMark)]
}

// plain reports whether a name can be a key as it is.
func plain(name string) bool {
	return utf8.RuneCountInString(name) <= maxKey &&
		strings.TrimSpace(name) == name &&
		!strings.ContainsFunc(name, unicode.IsControl) &&
		name != "" && name != "." && name != ".." &&
		!digest(name)
}

// digest reports whether a key is made of a digest.
func digest(key string) bool {
	return len(key) == maxKey && strings.HasPrefix(key, digestMark)
}

// nameOf returns the name of a build status: its key, or where that is a digest, its shown
// name. ok is false where the name is unknown, because the shown name was changed.
func nameOf(key, shown string) (name string, ok bool) {
	if !digest(key) {
		return key, true
	}
	return shown, keyOf(shown) == key
}
