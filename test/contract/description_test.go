package contract_test

import (
	"testing"

	. "github.com/onsi/gomega"

	"github.com/argoproj-labs/commit-status-hub/test/contract"
)

func TestWithoutNPMTheDescriptionIsMissedByName(t *testing.T) {
	g := NewWithT(t)
	withoutNPM(t)
	_, err := contract.Description(t.Context())
	g.Expect(err).To(MatchError(contract.ErrNoNPM))
}

func TestWithoutNPMTheRecordingsAreMissedByName(t *testing.T) {
	g := NewWithT(t)
	withoutNPM(t)
	_, err := contract.Webhooks(t.Context())
	g.Expect(err).To(MatchError(contract.ErrNoNPM))
	_, err = contract.Exchanges(t.Context())
	g.Expect(err).To(MatchError(contract.ErrNoNPM))
}

// withoutNPM hides npm, and what it has fetched before.
func withoutNPM(t *testing.T) {
	t.Helper()
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	t.Setenv("HOME", t.TempDir())
	t.Setenv("PATH", t.TempDir())
}
