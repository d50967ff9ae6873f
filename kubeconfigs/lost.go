package kubeconfigs

import (
	"time"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
)

// loss is how a feed has lost objects that no watch reported as deleted.
type loss struct {
	// lostAt and heardAt are those of progress.
	lostAt, heardAt time.Time
	// holds says that the feed has objects that it did not lose.
	holds bool
}

// replaced takes in how many objects there were before a list, and how many of them it has.
func (p *progress) replaced(before, survivors int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case before == 0: // as before
	case survivors > 0:
		p.lostAt = time.Time{}
	default:
		p.lostAt = p.clock.Now()
	}
}

// loss returns what the feed has lost.
func (f *feed) loss() loss {
	f.intake.mu.Lock()
	holds := f.intake.count() > 0
	f.intake.mu.Unlock()
	f.progress.mu.Lock()
	defer f.progress.mu.Unlock()
	return loss{lostAt: f.lostAt, heardAt: f.heardAt, holds: holds && f.lostAt.IsZero()}
}

// lost reports when lists had none of the objects that a member had before, of either kind:
// as after its CRDs were deleted and made again while the hub did not reach it. Its API server
// tells of no deletion then, and lets the hub read nothing that tells new CRDs from old ones.
// zero means that something is left. undecided says that CommitStatuses were lost, and that
// nothing has been heard since of others, or of GitRepos, that may be lost as well.
func (c *memberCache) lost(now time.Time) (at time.Time, undecided bool) {
	status, repo := v1alpha1.GroupVersion.WithKind("CommitStatus"), v1alpha1.GroupVersion.WithKind("GitRepo")
	newest, left := map[string]time.Time{}, false
	var holding []loss
	c.eachFeed(func(f *feed) {
		l := f.loss()
		if l.holds {
			holding = append(holding, l)
		}
		left = left || l.holds
		if l.lostAt.After(newest[f.objects.kind.Kind]) {
			newest[f.objects.kind.Kind] = l.lostAt
		}
	})
	statuses := newest[status.Kind]
	if statuses.IsZero() || now.Sub(statuses) >= vanishedFor {
		return time.Time{}, false
	}
	for _, l := range holding {
		undecided = undecided || l.heardAt.Before(statuses)
	}
	if left || statuses.Sub(newest[repo.Kind]).Abs() >= vanishedFor {
		return time.Time{}, undecided
	}
	return later(statuses, newest[repo.Kind]), false
}

// later returns the later of two times.
func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}
