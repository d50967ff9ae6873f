package ledger_test

import (
	"context"
	"slices"
	"strings"

	"pgregory.net/rapid"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger"
	"github.com/argoproj-labs/commit-status-hub/providers"
)

// modelPaths are the paths that the repository acme/shop may have: its first one, by which all
// GitRepos name it and the model knows it, one that the same grants cover, and one that none does.
var modelPaths = []string{"acme/shop", "acme/market", "globex/shop"}

// firstPath is the path by which the model knows a repository.
func firstPath(path string) string {
	if path = strings.ToLower(path); slices.Contains(modelPaths, path) {
		return modelPaths[0]
	}
	return path
}

// keysOf are the keys that a hub may have for a key of the model.
func keysOf(key ledger.Key) []ledger.Key {
	if key.Repository != modelPaths[0] {
		return []ledger.Key{key}
	}
	var out []ledger.Key
	for _, path := range modelPaths {
		key.Repository = path
		out = append(out, key)
	}
	return out
}

// moveRepository renames a repository, renames it back, or transfers it out of the grants.
func (m *model) moveRepository() {
	m.rename(pick(m, slices.DeleteFunc(slices.Clone(modelPaths), func(path string) bool { return path == m.scm.path }), "path"))
}

func (m *model) rename(path string) {
	m.logf("> repository %s is %s now", m.scm.path, path)
	m.scm.path = path
}

// namesOfRepositories are those that GitRepos may have: the second one of acme/shop only while the
// hub knows that it is one. Nothing tells that before a request by the former name is redirected.
func (m *model) namesOfRepositories() []string {
	names := []string{"acme/shop", "acme/tools", "Acme/Tools"}
	if at := m.hub.Known(modelProviders[0]); at.Today(modelPaths[0]) == at.Today(modelPaths[1]) {
		names = append(names, "acme/market", "Acme/Market")
	}
	return names
}

// movedBefore has acme/shop be known by two names from the start.
func (m *model) movedBefore() {
	former := rapid.IntRange(0, 2).Draw(m.t, "former path")
	if former == 2 {
		return
	}
	m.scm.path = modelPaths[1-former]
	at := m.now.Now()
	m.recorded = []v1alpha1.MovedRepository{ledger.Recorded(modelPaths[former], m.scm.path, at)}
	for _, cluster := range modelClusters {
		if rapid.Bool().Draw(m.t, "second name") {
			m.setRepo(ledger.ObjectID{cluster, "team-a", modelRepos[0]}, "acme1", modelPaths[1])
		}
	}
}

// redirected is the answer to a write by another path than that of today, nil for others.
func (m *model) redirected(path string) *providers.Error {
	path = strings.ToLower(path)
	switch {
	case firstPath(path) != modelPaths[0]:
		return nil
	case path != m.scm.path:
		m.logf("write to %s is redirected to %s", path, m.scm.path)
		return providers.Moved(path, m.scm.path)
	case path == modelPaths[2]:
		m.failf("write to %s, which no grant covers", path)
	}
	return nil
}

// Path is the path of today of a repository.
func (c modelClient) Path(context.Context) (string, error) {
	if firstPath(c.repository) != modelPaths[0] {
		return strings.ToLower(c.repository), nil
	}
	return c.m.scm.path, nil
}

// modelClient is the client of one repository.
type modelClient struct {
	*modelApp
	repository string
}

// record keeps what has moved for the next hub, and reports it to a standby.
func (m *model) record(_ context.Context, moves ledger.Moves) error {
	m.recorded = moves.Repositories
	if m.standby != nil {
		for _, provider := range moves.ScmProviders {
			m.standby.told(m.standby.SetMoves(provider, m.recorded))
		}
	}
	return nil
}

// leavingAt is what a hub is to end at a key of the model; nil for nothing.
func (h *modelHub) leavingAt(key ledger.Key) *ledger.End {
	for _, each := range keysOf(key) {
		if end := h.EndAt(each); end != nil {
			return end
		}
	}
	return nil
}

// restoreRepository has all repositories have their first paths.
func (m *model) restoreRepository() {
	if m.scm.path != modelPaths[0] {
		m.rename(modelPaths[0])
	}
}

var _ providers.Client = modelClient{}

// recordedMoves are those of the last hub.
func (m *model) recordedMoves() []v1alpha1.MovedRepository { return slices.Clone(m.recorded) }
