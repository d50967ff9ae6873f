package testbinaries

import (
	"bytes"
	"context"
	"crypto/sha512"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"

	"k8s.io/apimachinery/pkg/util/version"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
)

const (
	// IndexVariable is the environment variable with the address of another index, such as
	// that of a mirror.
	IndexVariable = "COMMIT_STATUS_HUB_ENVTEST_INDEX"
	// SkipVariable is the environment variable that prevents the download where it is "1".
	SkipVariable = "COMMIT_STATUS_HUB_SKIP_DOWNLOAD"
)

// Source is where releases come from.
type Source struct {
	// Index is the address of the index: https, or http on loopback.
	Index  string
	Limits Limits
}

// FromEnvironment returns the source that the environment names, which by default is the
// index of controller-tools, and whether the environment allows its use.
func FromEnvironment() (source Source, allowed bool) {
	if os.Getenv(SkipVariable) == "1" {
		return Source{}, false
	}
	source.Index = os.Getenv(IndexVariable)
	if source.Index == "" {
		source.Index = envtest.DefaultBinaryAssetsIndexURL
	}
	return source, true
}

// Install writes the programs of the newest release with the minor version of like, such as
// v1.36.3, into dir, which has to exist and to be empty, and returns that release and the
// address that it came from. Nothing of an archive is unpacked before its checksum was
// verified. After an error dir can hold anything.
func (s Source) Install(ctx context.Context, like, dir string, programs []string) (release, address string, err error) {
	wanted, err := version.ParseSemantic(like)
	if err != nil {
		return "", "", err
	}
	limits := s.Limits.withDefaults()
	ctx, cancel := context.WithTimeout(ctx, limits.Total)
	defer cancel()
	fetch := newFetcher(limits)
	var content bytes.Buffer
	if err := fetch.get(ctx, s.Index, indexBytes, &content); err != nil {
		return "", "", fmt.Errorf("fetching the index: %w", err)
	}
	found, err := readIndex(content.Bytes())
	if err != nil {
		return "", "", err
	}
	release, chosen, err := found.newest(wanted, runtime.GOOS+"-"+runtime.GOARCH)
	if err != nil {
		return "", "", err
	}
	packed, err := os.CreateTemp(dir, ".archive-")
	if err != nil {
		return "", "", err
	}
	defer func() { err = errors.Join(err, packed.Close(), os.Remove(packed.Name())) }()
	digest := sha512.New()
	if err := fetch.get(ctx, chosen.SelfLink, limits.ArchiveBytes, io.MultiWriter(packed, digest)); err != nil {
		return "", "", fmt.Errorf("fetching the archive: %w", err)
	}
	if sum := hex.EncodeToString(digest.Sum(nil)); !strings.EqualFold(sum, chosen.Hash) {
		return "", "", fmt.Errorf("%s has another checksum than the index says", chosen.SelfLink)
	}
	if _, err := packed.Seek(0, io.SeekStart); err != nil {
		return "", "", err
	}
	return release, chosen.SelfLink, unpack(packed, dir, programs, limits.UnpackedBytes)
}
