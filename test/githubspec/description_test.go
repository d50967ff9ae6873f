package githubspec_test

import (
	"testing"

	. "github.com/onsi/gomega"

	"github.com/argoproj-labs/commit-status-hub/test/githubspec"
)

func TestWithoutNPMTheDescriptionIsMissedByName(t *testing.T) {
	g := NewWithT(t)
	withoutNPM(t)
	_, err := githubspec.Description(t.Context())
	g.Expect(err).To(MatchError(githubspec.ErrNoNPM))
}

func TestWithoutNPMTheRecordingsAreMissedByName(t *testing.T) {
	g := NewWithT(t)
	withoutNPM(t)
	_, err := githubspec.Webhooks(t.Context())
	g.Expect(err).To(MatchError(githubspec.ErrNoNPM))
	_, err = githubspec.Exchanges(t.Context())
	g.Expect(err).To(MatchError(githubspec.ErrNoNPM))
}

// withoutNPM hides npm, and what it has fetched before.
func withoutNPM(t *testing.T) {
	t.Helper()
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	t.Setenv("HOME", t.TempDir())
	t.Setenv("PATH", t.TempDir())
}
