package testbinaries

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// unpack writes the programs of a gzipped tar archive into dir, which exists, and nothing
// else of it. An archive with a path that leads out of its folder is refused as a whole.
func unpack(packed io.Reader, dir string, programs []string, most int64) error {
	plain, err := gzip.NewReader(packed)
	if err != nil {
		return fmt.Errorf("unpacking: %w", err)
	}
	// One byte more, to tell an archive that is too large from one that just fits.
	limited := &io.LimitedReader{R: plain, N: most + 1}
	missing := slices.Clone(programs)
	for files := tar.NewReader(limited); ; {
		header, err := files.Next()
		if limited.N == 0 {
			return fmt.Errorf("the archive has more than %d bytes unpacked", most)
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fmt.Errorf("unpacking: %w", err)
		}
		if !filepath.IsLocal(header.Name) || strings.Contains(header.Name, `\`) {
			return fmt.Errorf("the archive has a path that leads out of it: %q", header.Name)
		}
		program := path.Base(header.Name)
		at := slices.Index(missing, program)
		if header.Typeflag != tar.TypeReg || at < 0 {
			continue
		}
		missing = slices.Delete(missing, at, at+1)
		if err := write(filepath.Join(dir, program), files); err != nil {
			if limited.N == 0 {
				return fmt.Errorf("the archive has more than %d bytes unpacked", most)
			}
			return err
		}
	}
	if len(missing) > 0 {
		return fmt.Errorf("the archive has no %s", strings.Join(missing, " and no "))
	}
	return nil
}

func write(name string, content io.Reader) error {
	file, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o755)
	if err != nil {
		return err
	}
	if _, err := io.Copy(file, content); err != nil {
		return errors.Join(fmt.Errorf("unpacking %s: %w", filepath.Base(name), err), file.Close())
	}
	return file.Close()
}
