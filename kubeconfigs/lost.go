package kubeconfigs

import (
	"time"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
)

// loss is how a reflector has lost objects that no watch reported as deleted.
type loss struct {
	// lostFrom, lostAt and heardAt are those of progress.
	lostFrom, lostAt, receivedAt time.Time
	// holds reports whether the reflector has objects that it did not lose.
	holds bool
}

// apart reports whether two losses were at different times: what is between is long.
func (l loss) apart(other loss) bool {
	earliest := l.lostAt
	if other.lostAt.Before(earliest) {
		earliest = other.lostAt
	}
	return later(l.lostFrom, other.lostFrom).Sub(earliest) >= vanishedFor
}

// replaced takes in how many objects there were before a list, and how many of them it has.
func (p *progress) replaced(before, survivors int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case before == 0: // as before
	case survivors > 0:
		p.lostFrom, p.lostAt = time.Time{}, time.Time{}
	default:
		p.lostAt = p.clock.Now()
		if p.lostFrom = p.receivedAt; p.lostFrom.IsZero() {
			p.lostFrom = p.lostAt
		}
	}
}

// loss returns what the reflector has lost.
func (f *reflector) loss() loss {
	f.limiter.mu.Lock()
	holds := f.limiter.count() > 0
	f.limiter.mu.Unlock()
	f.progress.mu.Lock()
	defer f.progress.mu.Unlock()
	return loss{lostFrom: f.lostFrom, lostAt: f.lostAt, receivedAt: f.receivedAt, holds: holds && f.lostAt.IsZero()}
}

// lost returns when lists had none of the objects that a member had before, of either kind, as
// after its CRDs were deleted and made again while the hub did not reach it. Its API server
// reports no deletion then, and the hub can read nothing that distinguishes new CRDs from old
// ones. zero means that some objects remain. doubtAt is when CommitStatuses were lost, as long
// as nothing has been received since about others, or about GitRepos, that may be lost as well:
// for good where a namespace may be listed no more. It is zero where there is no such doubt.
func (c *memberCache) lost() (at, doubtAt time.Time) {
	status, repo := v1alpha1.GroupVersion.WithKind("CommitStatus"), v1alpha1.GroupVersion.WithKind("GitRepo")
	newest := map[string]loss{}
	var holding []loss
	c.eachFeed(func(f *reflector) {
		l := f.loss()
		if l.holds {
			holding = append(holding, l)
		}
		if l.lostAt.After(newest[f.objects.kind.Kind].lostAt) {
			newest[f.objects.kind.Kind] = l
		}
	})
	statuses, repos := newest[status.Kind], newest[repo.Kind]
	for _, l := range holding {
		if l.receivedAt.Before(statuses.lostAt) {
			return time.Time{}, statuses.lostAt
		}
	}
	if statuses.lostAt.IsZero() || len(holding) > 0 || statuses.apart(repos) {
		return time.Time{}, time.Time{}
	}
	return later(statuses.lostAt, repos.lostAt), time.Time{}
}

// later returns the later of two times.
func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}
