package kubeconfigs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/multicluster-runtime/pkg/multicluster"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
)

// Serving is what is known of whether a member serves this project's kinds.
type Serving int

// What may be known of it.
const (
	// ServingUnknown : the member was not asked since, or gave no answer that tells.
	ServingUnknown Serving = iota
	// Serves : it does.
	Serves
	// Vanished : its CRDs were deleted, or are being deleted, or lists missed all of its objects.
	Vanished
)

const (
	// servingEvery is how often at most a member is asked.
	servingEvery = time.Second
	// vanishedFor is how long before a deletion the kinds may have been seen to be gone: a
	// list that misses objects of before comes as late as that after the kinds are back.
	vanishedFor = 3 * time.Minute
	// discoveryLimit is how much is read of what a member says that it serves, in bytes. That
	// of this project's group has 2 KiB.
	discoveryLimit = 64 << 10
)

// errVanished says that a member does not serve the kinds, or no new objects of them.
var errVanished = errors.New("the member's CRDs are gone, or are being deleted")

// serving is what a member was seen to serve, and when.
type serving struct {
	// at is when the newest check began that found the kinds, and vanishedAt when they were
	// last found to be gone.
	at, vanishedAt time.Time
	// askedAt is when the newest check began, and asking says that it is under way.
	askedAt time.Time
	asking  bool
}

// since decides what is known for a deletion. doubtAt is when the kinds may have been gone, as
// far as is known yet, zero for never.
func (s serving) since(deletedAt, since, doubtAt time.Time) Serving {
	around := func(at time.Time) bool { return !at.IsZero() && !at.Before(deletedAt.Add(-vanishedFor)) }
	switch {
	case around(s.vanishedAt):
		return Vanished
	case around(doubtAt):
		return ServingUnknown
	case !s.at.IsZero() && !s.at.Before(since):
		return Serves
	}
	return ServingUnknown
}

// Serving reports whether a member was seen to serve the kinds within the time that within
// says, or was seen not to serve them around a deletion so long ago. It does not block: where
// nothing is known, it has the member asked.
func (p *Provider) Serving(name string, deleted, within time.Duration) Serving {
	p.mu.Lock()
	defer p.mu.Unlock()
	m := p.members[multicluster.ClusterName(name)]
	if m == nil || p.ctx == nil {
		return ServingUnknown
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	now := p.options.Clock.Now()
	var doubtAt time.Time
	if m.current != nil {
		var lostAt time.Time
		lostAt, doubtAt = m.current.cache.lost()
		m.serving.vanishedAt = later(m.serving.vanishedAt, lostAt)
	}
	known := m.serving.since(now.Add(-deleted), now.Add(-within), doubtAt)
	if known == ServingUnknown && m.current != nil && !m.serving.asking && now.Sub(m.serving.askedAt) >= servingEvery {
		m.serving.asking, m.serving.askedAt = true, now
		ctx, current := p.ctx, m.current
		p.running.Go(func() { m.noteServing(now, current.serves(ctx, p.codec())) })
	}
	return known
}

// Behind reports whether a member may have kept CommitStatuses of a namespace from the hub that
// changed longer ago than within: it has not said since that it has sent all. An API server
// says so about once a minute. The event that a handler is processing does not count.
func (p *Provider) Behind(name, namespace string, within time.Duration) (behind bool) {
	m := p.member(name)
	if m == nil {
		return false
	}
	engaged := m.engaged()
	if engaged == nil {
		return false
	}
	kind, since := v1alpha1.GroupVersion.WithKind("CommitStatus"), p.options.Clock.Now().Add(-within)
	engaged.cache.eachFeed(func(f *reflector) {
		if f.objects.kind == kind && (f.objects.namespace == "" || f.objects.namespace == namespace) {
			f.progress.mu.Lock()
			behind = behind || f.completeAt.Before(since)
			f.progress.mu.Unlock()
		}
	})
	return behind
}

// noteServing takes in what came of a check.
func (m *member) noteServing(began time.Time, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.serving.asking = false
	switch {
	case err == nil:
		m.serving.at = began
	case errors.Is(err, errVanished), apierrors.IsNotFound(err):
		m.serving.vanishedAt = m.provider.options.Clock.Now()
	}
}

// serves finds out whether the member serves the kinds, by discovery and by a list. Of a member
// that forbids discovery that remains unknown as long as the lists go well: they do until the
// last object of a CRD that is being deleted is gone.
func (e *engagement) serves(ctx context.Context, codec *codec) error {
	api, err := e.connection.api(codec)
	if err != nil {
		return err
	}
	body, discovered := api.Get().AbsPath("apis", v1alpha1.GroupVersion.Group, v1alpha1.GroupVersion.Version).Stream(asCheck(ctx))
	if discovered == nil {
		discovered = offersKinds(io.LimitReader(body, discoveryLimit))
		_ = body.Close()
	}
	if discovered != nil && !apierrors.IsForbidden(discovered) {
		return discovered
	}
	if _, err := check(ctx, e.connection, codec, e.desired.namespaces); err != nil {
		return err
	}
	return discovered
}

// offersKinds reads a discovery document. While a CRD is being deleted, objects are deleted
// one by one, and an API server takes the verb create out of it.
func offersKinds(document io.Reader) error {
	type served struct {
		Name  string   `json:"name"`
		Verbs []string `json:"verbs"`
	}
	var list struct {
		Resources []served `json:"resources"`
	}
	if err := json.NewDecoder(document).Decode(&list); err != nil {
		return fmt.Errorf("reading what the member serves: %w", err)
	}
	for _, resource := range resources {
		if !slices.ContainsFunc(list.Resources, func(s served) bool {
			return s.Name == resource && slices.Contains(s.Verbs, "create")
		}) {
			return errVanished
		}
	}
	return nil
}
