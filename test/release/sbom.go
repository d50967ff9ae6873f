package main

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
)

// checkSBOM expects a list of what is in the hub, in SPDX: what it is built from is in there.
func checkSBOM(path string) error {
	content, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	type part struct {
		Name string `json:"name"`
	}
	var sbom struct {
		Version  string `json:"spdxVersion"`
		Packages []part `json:"packages"`
	}
	if err := json.Unmarshal(content, &sbom); err != nil {
		return fmt.Errorf("reading the SBOM: %w", err)
	}
	if !strings.HasPrefix(sbom.Version, "SPDX-2.") {
		return fmt.Errorf("the SBOM is no SPDX 2: %q", sbom.Version)
	}
	for _, module := range []string{"k8s.io/client-go", "sigs.k8s.io/controller-runtime", "stdlib"} {
		if !slices.Contains(sbom.Packages, part{module}) {
			return fmt.Errorf("the SBOM does not list %s", module)
		}
	}
	return nil
}
