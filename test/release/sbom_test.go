package main

import (
	"os"
	"path/filepath"
	"testing"

	. "github.com/onsi/gomega"
)

func TestCheckSBOM(t *testing.T) {
	const modules = `{"name":"k8s.io/client-go"},{"name":"sigs.k8s.io/controller-runtime"},{"name":"stdlib"}`
	for text, ok := range map[string]bool{
		`{"spdxVersion":"SPDX-2.3","packages":[{"name":"x"},` + modules + `]}`: true,
		`{"packages":[` + modules + `]}`:                                       false,
		`{"spdxVersion":"SPDX-2.3","packages":[{"name":"stdlib"}]}`:            false,
		``: false,
	} {
		g := NewWithT(t)
		path := filepath.Join(t.TempDir(), "sbom")
		g.Expect(os.WriteFile(path, []byte(text), 0o600)).To(Succeed())
		if ok {
			g.Expect(checkSBOM(path)).To(Succeed())
		} else {
			g.Expect(checkSBOM(path)).NotTo(Succeed(), text)
		}
	}
	NewWithT(t).Expect(checkSBOM(filepath.Join(t.TempDir(), "none"))).NotTo(Succeed())
}
