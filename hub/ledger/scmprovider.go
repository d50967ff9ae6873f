package ledger

import (
	"strings"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
)

// ScmProvider is a ScmProvider as the ledger knows it: compiled, and opened where its
// settings and its Secret are usable.
type ScmProvider struct {
	name   string
	kind   providers.Kind
	host   string
	spec   v1alpha1.ScmProviderSpec
	grants []grant
	// aggregate reports whether conflictPolicy is Aggregate.
	aggregate bool
	drift     drifting
	// suspended reports whether nothing is sent through it.
	suspended bool

	// account is nil while problem says why the ScmProvider cannot be used. A
	// problem with the credential still lets claims be keyed and deduplicated.
	account providers.Account
	Problem *providers.Error
	// moves are the SCM's repositories that have moved, which all of its ScmProviders share; the
	// ledger's lock guards them.
	moves *relocations
	// recorded are those that its status has.
	recorded []v1alpha1.MovedRepository
	// epoch changes whenever the account does, so that what failed with the old
	// one is tried again at once.
	epoch uint64
}

// CompileScmProvider turns a ScmProvider and the data of its Secret into an scm. secret
// is nil when there is no such Secret. It makes no request.
func CompileScmProvider(registry providers.Registry, provider *v1alpha1.ScmProvider, secret map[string][]byte) *ScmProvider {
	s := &ScmProvider{name: provider.Name, recorded: provider.Status.MovedRepositories}
	kind, err := registry.Find(provider.Spec)
	if err != nil {
		s.Problem = providers.AsError(err)
		return s
	}
	if s.host, err = kind.Host(provider.Spec); err != nil {
		s.Problem = providers.AsError(err)
		return s
	}
	s.kind = kind
	s.spec = provider.Spec
	s.grants = compileGrants(provider.Spec.Grants, s)
	s.aggregate = provider.Spec.ConflictPolicy == v1alpha1.ConflictAggregate
	s.drift = driftingOf(provider.Spec.Drift)
	s.suspended = provider.Spec.Suspend
	if secret == nil {
		s.Problem = providers.Errorf(v1alpha1.ReasonCredentialsInvalid,
			"Secret %q was not found in namespace %s on the hub, which looks in no other; ScmProvider %s names it",
			provider.Spec.SecretRef.Name, provider.Namespace, s.name)
		return s
	}
	if s.account, err = kind.Open(provider, secret); err != nil {
		s.Problem = providers.AsError(err)
		s.account = nil
	}
	return s
}

// site is one SCM, which several ScmProviders may speak to: its kind, and its host with the path
// of its root.
type site struct{ kind, host string }

func (s *ScmProvider) site() site { return site{s.kind.Name(), s.host} }

// siteOf is the SCM of a key.
func siteOf(key Key) site { return site{key.Kind, key.Host} }

// keyOf is the key of a status, however it is spelled.
func (s *ScmProvider) keyOf(host, repository, sha, name string) Key {
	return Key{Kind: s.kind.Name(), Host: host, Repository: s.kind.Fold(repository), SHA: strings.ToLower(sha), Name: s.foldName(name)}
}

func (s *ScmProvider) foldName(name string) string { return s.kind.FoldName(s.spec, name) }

// allows reports whether any grant covers the claim; without one it is denied.
func (s *ScmProvider) allows(c Claim) bool {
	for _, g := range s.grants {
		if g.allows(c) {
			return true
		}
	}
	return false
}

// aggregates reports whether a ScmProvider shows claims that want different
// things in one.
func (l *Ledger) aggregates(scmProvider string) bool {
	s := l.scms[scmProvider]
	return s != nil && s.aggregate
}

// SetScmProvider takes a ScmProvider as it is now, nil when it is gone.
func (l *Ledger) SetScmProvider(name string, s *ScmProvider) Changes {
	l.mu.Lock()
	defer l.mu.Unlock()
	clear(l.reaches)
	l.forgetRefusals(name)
	moved := false
	if s == nil {
		delete(l.scms, name)
	} else {
		l.epoch++
		s.epoch = l.epoch
		l.scms[name] = s
		if s.kind != nil {
			s.moves = l.movesAt(s)
			moved = l.restoreMoves(s)
		}
	}
	var out Changes
	for _, m := range l.members {
		for _, repo := range m.repos {
			if repo.GitRepo != nil && repo.Spec.ScmProviderRef.Name == name {
				out.add(l.resolveUsers(repo))
			}
		}
	}
	if moved {
		out.add(l.rekey(s))
	}
	return out
}
