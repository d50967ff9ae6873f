package contract_test

import (
	"testing"

	. "github.com/onsi/gomega"

	"github.com/argoproj-labs/commit-status-hub/test/contract"
)

func TestWithoutNPMTheDescriptionIsMissedByName(t *testing.T) {
	g := NewWithT(t)
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	t.Setenv("HOME", t.TempDir())
	t.Setenv("PATH", t.TempDir())
	_, err := contract.Description(t.Context())
	g.Expect(err).To(MatchError(contract.ErrNoNPM))
}
