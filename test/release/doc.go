// Command release rehearses a release on one machine: it builds, pushes and signs all of it by
// `make release`, against a registry on loopback, and verifies it by the commands of
// docs/verify.md, word for word.
//
// Three things differ from a real release. The images have an empty base, since the real one is
// in another registry. They are signed with a key that is made for the rehearsal in place of a
// workflow's certificate, and nothing is recorded in the public log: for cosign, this command
// takes the signer's identity out of the arguments, after it has checked it, and puts the key
// in. And GitHub's attestations of provenance are not made, so they are not verified.
//
// main.go runs the rehearsal, changelog.go writes the notes that it needs, registry.go starts
// the registry, page.go reads the commands of the page, standin.go is what these commands run
// in place of cosign, helm, oras, curl and gh, sbom.go checks what they got, and spoil.go that
// what was tampered with is refused.
package main
