package testbinaries

import (
	"errors"
	"fmt"

	"k8s.io/apimachinery/pkg/util/version"
	"sigs.k8s.io/yaml"
)

// index is the list of releases that controller-tools keeps: by version, by the name of
// the archive.
type index struct {
	Releases map[string]map[string]archive `json:"releases"`
}

// archive is where a release for one platform is, and what it has to be.
type archive struct {
	// Hash is the archive's SHA-512 in hexadecimal digits.
	Hash     string `json:"hash"`
	SelfLink string `json:"selfLink"`
}

func readIndex(content []byte) (index, error) {
	var found index
	if err := yaml.Unmarshal(content, &found); err != nil {
		return index{}, fmt.Errorf("reading the index: %w", err)
	}
	if len(found.Releases) == 0 {
		return index{}, errors.New("the index has no releases")
	}
	return found, nil
}

// newest returns the newest release of the minor version of like that is for the platform,
// such as linux-amd64. Releases before the first of a minor version do not count.
func (i index) newest(like *version.Version, platform string) (string, archive, error) {
	var newest *version.Version
	var chosen archive
	for name, archives := range i.Releases {
		release, err := version.ParseSemantic(name)
		if err != nil || release.PreRelease() != "" || release.Major() != like.Major() || release.Minor() != like.Minor() {
			continue
		}
		found, ok := archives[fmt.Sprintf("envtest-%s-%s.tar.gz", name, platform)]
		if ok && (newest == nil || newest.LessThan(release)) {
			newest, chosen = release, found
		}
	}
	if newest == nil {
		return "", archive{}, fmt.Errorf("the index has no release of Kubernetes %d.%d for %s", like.Major(), like.Minor(), platform)
	}
	return "v" + newest.String(), chosen, nil
}
