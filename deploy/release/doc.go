// Package release makes what a release says of itself: notes.go takes the notes of a version
// out of the changelog.
//
// The scripts beside it are the steps of a release. `make release` runs them in the order
// notes.sh, images.sh, binaries.sh, chart.sh, manifests.sh, publish.sh; each begins with env.sh.
package release
