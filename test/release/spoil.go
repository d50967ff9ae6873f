package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
)

// spoil verifies what was tampered with, by the commands of the page, and expects that each is
// refused.
func (r *rehearsal) spoil(ctx context.Context) error {
	signer := fmt.Sprintf("--certificate-identity %q --certificate-oidc-issuer %q", identity, issuer)
	image := r.registry + "/argoproj-labs/commit-status-hub"
	for _, each := range []struct{ name, script string }{
		{"a file", fmt.Sprintf(`cp %[1]s/SHA256SUMS %[1]s/commit-status-hub_%[2]s_linux_amd64.tar.gz .
			echo >>commit-status-hub_%[2]s_linux_amd64.tar.gz
			! sha256sum --check --strict --ignore-missing SHA256SUMS`, r.dist(), version)},
		{"the list of checksums", fmt.Sprintf(`cp %[1]s/SHA256SUMS* .
			sed -i '1s/^./x/' SHA256SUMS
			! cosign verify-blob %[2]s --bundle SHA256SUMS.sigstore.json SHA256SUMS`, r.dist(), signer)},
		{"an image that nobody signed", fmt.Sprintf(`! cosign verify %s %s/base`, signer, r.registry)},
		{"another image under the tag", fmt.Sprintf(`oras push %[2]s:moved --artifact-type application/x-other
			! cosign verify %[1]s %[2]s:moved`, signer, image)},
		{"an attestation that is missing", fmt.Sprintf(`! cosign verify-attestation %s --type spdxjson %s:%s`, signer, image, version)},
	} {
		if err := r.bash(ctx, filepath.Join("spoiled", each.name), each.script); err != nil {
			return fmt.Errorf("%s passes for what was released: %w", each.name, err)
		}
	}
	return r.anotherKey(ctx, image, signer)
}

// anotherKey expects that a signature is not taken for one of another key.
func (r *rehearsal) anotherKey(ctx context.Context, image, signer string) error {
	for _, file := range []string{"cosign.key", "cosign.pub"} {
		if err := os.Remove(filepath.Join(r.dir, file)); err != nil {
			return err
		}
	}
	if err := r.makeKey(ctx); err != nil {
		return err
	}
	script := fmt.Sprintf("! cosign verify %s %s:%s", signer, image, version)
	if err := r.bash(ctx, filepath.Join("spoiled", "key"), script); err != nil {
		return fmt.Errorf("a signature of another key passes: %w", err)
	}
	return nil
}
