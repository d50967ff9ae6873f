package contract

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
)

// What is fetched. integrity is the registry's own checksum of that version.
const (
	npmPackage = "@octokit/openapi"
	version    = "23.0.2"
	integrity  = "pV8M7L9GY23AybNvTmo2nyjmpmnt6+2sRE/tqr0ZLQcPS4lnw7u5eZGNmwRNkBC3D7gZXbFx5AHzLUVRBXGDhg=="
	entry      = "package/generated/api.github.com.json"

	// maxDescription bounds what is unpacked: the entry of this version has 13 MB.
	maxDescription = 64 << 20
)

// ErrNoNPM is why there is no description on a machine without npm.
var ErrNoNPM = errors.New("npm, which fetches GitHub's OpenAPI description, is not installed")

// Description returns the part of GitHub's OpenAPI description that the hub uses.
// It is fetched once with npm and kept in the user's cache folder.
func Description(ctx context.Context) ([]byte, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return nil, fmt.Errorf("finding the cache folder: %w", err)
	}
	dir := filepath.Join(cache, "commit-status-hub", "openapi")
	kept := filepath.Join(dir, fmt.Sprintf("api.github.com-%s-%s.json", version, digest()))
	if description, err := os.ReadFile(kept); err == nil {
		return description, nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("making the cache folder: %w", err)
	}
	whole, err := fetch(ctx, dir)
	if err != nil {
		return nil, err
	}
	part, err := subset(whole)
	if err != nil {
		return nil, fmt.Errorf("reading GitHub's OpenAPI description: %w", err)
	}
	return part, keep(kept, part)
}

// keep writes a file so that nobody ever reads half of it.
func keep(path string, content []byte) error {
	draft, err := os.CreateTemp(filepath.Dir(path), "draft-*")
	if err != nil {
		return fmt.Errorf("keeping the description: %w", err)
	}
	defer os.Remove(draft.Name())
	_, err = draft.Write(content)
	if err = errors.Join(err, draft.Close()); err == nil {
		err = os.Rename(draft.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("keeping the description: %w", err)
	}
	return nil
}

// fetch lets npm get the package into a folder below dir, which is gone
// afterwards, and returns the whole description.
func fetch(ctx context.Context, dir string) ([]byte, error) {
	npm, err := exec.LookPath("npm")
	if err != nil {
		return nil, ErrNoNPM
	}
	folder, err := os.MkdirTemp(dir, "npm-*")
	if err != nil {
		return nil, fmt.Errorf("making a folder for npm: %w", err)
	}
	defer os.RemoveAll(folder)
	pack := exec.CommandContext(ctx, npm, "pack", npmPackage+"@"+version, "--silent")
	pack.Dir = folder
	if output, err := pack.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("npm pack %s@%s: %w: %.500s", npmPackage, version, err, output)
	}
	packed, err := filepath.Glob(filepath.Join(folder, "*.tgz"))
	if err != nil || len(packed) != 1 {
		return nil, fmt.Errorf("npm pack left %d packages, want one", len(packed))
	}
	return unpack(packed[0])
}

// unpack returns the one entry that is wanted of a package with the right
// checksum.
func unpack(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("opening the package: %w", err)
	}
	defer file.Close()
	hash := sha512.New()
	if _, err := io.Copy(hash, file); err != nil {
		return nil, fmt.Errorf("reading the package: %w", err)
	}
	if sum := base64.StdEncoding.EncodeToString(hash.Sum(nil)); sum != integrity {
		return nil, fmt.Errorf("%s@%s has the checksum sha512-%s, want sha512-%s", npmPackage, version, sum, integrity)
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return nil, fmt.Errorf("reading the package: %w", err)
	}
	plain, err := gzip.NewReader(file)
	if err != nil {
		return nil, fmt.Errorf("unpacking the package: %w", err)
	}
	for entries := tar.NewReader(plain); ; {
		header, err := entries.Next()
		if err != nil {
			return nil, fmt.Errorf("looking for %s in the package: %w", entry, err)
		}
		if header.Name == entry {
			return io.ReadAll(io.LimitReader(entries, maxDescription))
		}
	}
}
