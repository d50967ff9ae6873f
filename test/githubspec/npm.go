package githubspec

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// maxEntry bounds what is unpacked: the longest entry that is read has 13 MB.
const maxEntry = 64 << 20

// ErrNoNPM is why there is nothing of GitHub's on a machine without npm.
var ErrNoNPM = errors.New("npm, which fetches what GitHub itself has said, is not installed")

// npmPackage is one version of a package.
type npmPackage struct {
	name, version string
	// integrity is the registry's own checksum of that version.
	integrity string
}

// entries are files of a package, by their paths in it.
type entries map[string][]byte

// digest names a set of texts.
func digest(texts []string) string {
	sum := sha256.Sum256([]byte(strings.Join(texts, "\n")))
	return hex.EncodeToString(sum[:4])
}

// kept returns what excerpt makes of some entries of a package. It is fetched once,
// and kept in the user's cache folder as folder/name.
func (p npmPackage) kept(
	ctx context.Context, folder, name string, paths []string, excerpt func(entries) ([]byte, error),
) ([]byte, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return nil, fmt.Errorf("finding the cache folder: %w", err)
	}
	dir := filepath.Join(cache, "commit-status-hub", folder)
	path := filepath.Join(dir, name)
	if content, err := os.ReadFile(path); err == nil {
		return content, nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("making the cache folder: %w", err)
	}
	whole, err := p.fetch(ctx, dir, paths)
	if err != nil {
		return nil, err
	}
	content, err := excerpt(whole)
	if err != nil {
		return nil, fmt.Errorf("reading %s@%s: %w", p.name, p.version, err)
	}
	return content, keep(path, content)
}

// keep writes a file so that nobody ever reads half of it.
func keep(path string, content []byte) error {
	draft, err := os.CreateTemp(filepath.Dir(path), "draft-*")
	if err != nil {
		return fmt.Errorf("keeping what was fetched: %w", err)
	}
	defer os.Remove(draft.Name())
	_, err = draft.Write(content)
	if err = errors.Join(err, draft.Close()); err == nil {
		err = os.Rename(draft.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("keeping what was fetched: %w", err)
	}
	return nil
}

// fetch lets npm get the package into a folder below dir, which is gone
// afterwards, and returns entries of it.
func (p npmPackage) fetch(ctx context.Context, dir string, paths []string) (entries, error) {
	npm, err := exec.LookPath("npm")
	if err != nil {
		return nil, ErrNoNPM
	}
	folder, err := os.MkdirTemp(dir, "npm-*")
	if err != nil {
		return nil, fmt.Errorf("making a folder for npm: %w", err)
	}
	defer os.RemoveAll(folder)
	pack := exec.CommandContext(ctx, npm, "pack", p.name+"@"+p.version, "--silent")
	pack.Dir = folder
	if output, err := pack.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("npm pack %s@%s: %w: %.500s", p.name, p.version, err, output)
	}
	packed, err := filepath.Glob(filepath.Join(folder, "*.tgz"))
	if err != nil || len(packed) != 1 {
		return nil, fmt.Errorf("npm pack left %d packages, want one", len(packed))
	}
	return p.unpack(packed[0], paths)
}

// unpack returns the entries that are wanted of a package with the right checksum.
func (p npmPackage) unpack(path string, paths []string) (entries, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("opening the package: %w", err)
	}
	defer file.Close()
	hash := sha512.New()
	if _, err := io.Copy(hash, file); err != nil {
		return nil, fmt.Errorf("reading the package: %w", err)
	}
	if sum := base64.StdEncoding.EncodeToString(hash.Sum(nil)); sum != p.integrity {
		return nil, fmt.Errorf("%s@%s has the checksum sha512-%s, want sha512-%s", p.name, p.version, sum, p.integrity)
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return nil, fmt.Errorf("reading the package: %w", err)
	}
	plain, err := gzip.NewReader(file)
	if err != nil {
		return nil, fmt.Errorf("unpacking the package: %w", err)
	}
	found := entries{}
	for archive := tar.NewReader(plain); len(found) < len(paths); {
		header, err := archive.Next()
		if err != nil {
			return nil, fmt.Errorf("looking for %s in the package: %w", strings.Join(paths, ", "), err)
		}
		if !slices.Contains(paths, header.Name) {
			continue
		}
		if found[header.Name], err = io.ReadAll(io.LimitReader(archive, maxEntry)); err != nil {
			return nil, fmt.Errorf("unpacking %s: %w", header.Name, err)
		}
	}
	return found, nil
}
