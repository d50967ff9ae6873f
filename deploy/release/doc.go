// Package release makes what a release says of itself: notes.go takes the notes of a version
// out of the changelog.
package release
