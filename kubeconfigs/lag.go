package kubeconfigs

import (
	"time"

	"k8s.io/apimachinery/pkg/util/resourceversion"
)

const (
	// lagLimit is how long a watch may be behind the newest list before it is opened anew.
	// An API server sends a bookmark about once a minute, so that a watch without events
	// catches up.
	lagLimit = 2 * time.Minute
	// relistFactor times that limit is when a list takes the place of the watch, and
	// quietFactor the same where such a list has found before that nothing was missed.
	relistFactor, quietFactor = 2, 15
	// lagChecks is how many checks must find a watch behind before anything is done: after
	// a pause of the hub itself the watch has had no time to catch up.
	lagChecks = 3
)

// remedy is what a reflector does about a watch that does not keep up.
type remedy int

const (
	// keepWatch leaves the watch alone.
	keepWatch remedy = iota
	// reopenWatch closes the watch and opens another from where it was.
	reopenWatch
	// relistBehind lists anew, since a watch that was opened anew is behind as well.
	relistBehind
	// relistRestored lists anew, since the member's versions went back.
	relistRestored
)

// lag is how long a watch has been behind the newest list. The zero value is a watch that
// keeps up.
type lag struct {
	// target is a version that the watch has not reached since it was seen first, at since.
	target string
	since  time.Time
	// checks counts those that found the watch behind since the last remedy.
	checks int
	// reopenedAt is when the watch was last opened anew because of that.
	reopenedAt time.Time
	// quiet reports whether the last list because of a lag found nothing that the watch had
	// missed: the member's bookmarks do not report its progress. Before Kubernetes 1.34 that is
	// so where etcd does not notify the API server of its progress.
	quiet bool
}

// reach is how far a watch has come.
type reach struct {
	// version is that of the last list, event or bookmark.
	version string
	// bookmark is the version of the last bookmark that was newer than what came before it.
	bookmark string
}

// next returns the lag after a check at now that found the version newest, and what to do.
// before is what the watch had reached when the check began, and reached what it has now:
// events may have overtaken the check meanwhile.
func (l lag) next(before string, reached reach, newest string, now time.Time, limit time.Duration) (lag, remedy) {
	if older(newest, before) {
		return lag{quiet: l.quiet}, relistRestored
	}
	if l.target == "" || !older(reached.version, l.target) {
		told := l.target != "" && l.reopenedAt.IsZero() && reached.bookmark != "" && !older(reached.bookmark, l.target)
		l = lag{quiet: l.quiet && !told}
		if older(reached.version, newest) {
			l.target, l.since, l.checks = newest, now, 1
		}
		return l, keepWatch
	}
	l.checks++
	last, relist := l.since, relistFactor*limit
	if !l.reopenedAt.IsZero() {
		last = l.reopenedAt
	}
	if l.quiet {
		relist = quietFactor * limit
	}
	switch {
	case now.Sub(last) < limit || l.checks < lagChecks:
		return l, keepWatch
	case now.Sub(l.since) < relist:
		l.reopenedAt, l.checks = now, 0
		return l, reopenWatch
	}
	l.since, l.reopenedAt, l.checks = now, now, 0
	return l, relistBehind
}

// listed returns the lag after a list. changed says that the list found changes.
func (l lag) listed(because remedy, changed bool) lag {
	if because == relistBehind {
		return lag{quiet: !changed}
	}
	return lag{quiet: l.quiet}
}

// behind reports whether the watch may miss changes, as far as is known.
func (l lag) behind() bool { return !l.reopenedAt.IsZero() && !l.quiet }

// older reports whether a resource version is older than another. Versions that cannot be
// compared are not.
func older(a, b string) bool {
	order, err := resourceversion.CompareResourceVersion(a, b)
	return err == nil && order < 0
}
