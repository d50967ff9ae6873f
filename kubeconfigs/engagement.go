package kubeconfigs

import (
	"context"
	"fmt"
	"net/http"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/cluster"
)

// engagement is a cluster that the manager has engaged, for as long as its context lives. It is
// never changed.
type engagement struct {
	cluster    cluster.Cluster
	cache      *memberCache
	connection *connection
	desired    desired
	limiters   *objectLimiters
	cancel     context.CancelFunc
}

// recheck finds out whether the engagement still holds. What made it doubtful is
// taken for the truth at first: the member is asked only when there has been no
// more of it between two attempts. That one namespace is forbidden is not the truth about
// all.
func (e *engagement) recheck(ctx context.Context, codec *codec) error {
	select {
	case doubt := <-e.connection.doubts:
		if len(e.desired.namespaces) == 0 || !apierrors.IsForbidden(doubt) {
			return doubt
		}
	default:
	}
	if err := e.limiters.trouble(); err != nil {
		return err
	}
	before := e.cache.reached()
	found, err := check(ctx, e.connection, codec, e.desired.namespaces)
	if err == nil {
		e.cache.compare(before, found)
	}
	return err
}

// present is the same engagement with another token. The watches go on.
func (e *engagement) present(w desired) *engagement {
	e.connection.present(w.access.BearerToken)
	again := *e
	again.desired = w
	return &again
}

// engage has the manager work with the member by a new connection, and only
// then ends the engagement before. It does not wait for caches: a member that
// stops answering now would hold up its own end.
//
// ctx is the member's own, not the attempt's: the cluster lives as long.
func (m *member) engage(ctx context.Context, c *connection, w desired, found findings) error {
	p := m.provider
	bounds := newObjectLimiters(p, m.name.String(), m.remark, c.transport.raise)
	fresh, watched, err := p.newCluster(c, w.namespaces, found.forbidden, bounds)
	if err != nil {
		return err
	}
	watched.notify = m.reassess
	ctx, cancel := context.WithCancel(ctx)
	next := &engagement{cluster: fresh, cache: watched, connection: c, desired: w, limiters: bounds, cancel: cancel}
	m.setOutdated("")
	m.setRefused("")
	m.setForbidden(false)
	before := m.replace(next)
	p.running.Go(func() {
		defer c.close()
		defer bounds.end()
		if err := fresh.Start(ctx); err != nil && ctx.Err() == nil {
			p.options.Log.Error(err, "member's cluster ended", "cluster", m.name)
		}
	})
	if err := p.mgr.Engage(ctx, m.name, fresh); err != nil {
		m.replace(before)
		cancel()
		return fmt.Errorf("engaging the cluster: %w", err)
	}
	if before != nil {
		before.cancel()
	}
	return nil
}

// replace makes an engagement the one that Get returns, nil for none, and returns the one
// before, if any.
func (m *member) replace(next *engagement) (before *engagement) {
	m.mu.Lock()
	defer m.mu.Unlock()
	before, m.current = m.current, next
	return before
}

func (m *member) engaged() *engagement {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.current
}

// leave ends the engagement, if there is one.
func (m *member) leave() {
	if last := m.replace(nil); last != nil {
		last.cancel()
	}
}

// newCluster makes the cluster that is engaged. What members can share, they do.
func (p *Provider) newCluster(c *connection, namespaces []string, forbidden map[string]error, bounds *objectLimiters) (cluster.Cluster, *memberCache, error) {
	api, err := c.api(p.codec())
	if err != nil {
		return nil, nil, err
	}
	watched := newMemberCache(api, p.codec(), p.options, namespaces, forbidden, bounds)
	created, err := cluster.New(c.config, func(o *cluster.Options) {
		o.Scheme = p.options.Scheme
		o.Logger = p.options.Log.WithValues(memberKey, bounds.member) // it logs what the member says of events
		o.HTTPClient = c.client
		o.MapperProvider = func(*rest.Config, *http.Client) (meta.RESTMapper, error) { return mapper(), nil }
		o.NewCache = func(*rest.Config, cache.Options) (cache.Cache, error) {
			return watched, nil
		}
	})
	if err != nil {
		return nil, nil, fmt.Errorf("making the cluster: %w", err)
	}
	return created, watched, nil
}
