package kubeconfigs

import (
	"context"

	"sigs.k8s.io/multicluster-runtime/pkg/multicluster"
)

// upsert has a member be as w says from now on. A Secret with another UID is another member,
// even if its content is the same and no deletion was seen, as after a relist: the member
// of the Secret before ends, and with it its claims and its age.
func (p *Provider) upsert(name multicluster.ClusterName, w desired) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ctx == nil {
		return
	}
	switch m := p.members[name]; {
	case m == nil:
	case !m.isOf(w.secret):
		p.end(name, m)
	case p.desired[name].fingerprint == w.fingerprint:
		return
	}
	changed, sameCluster := p.setDesired(name, &w)
	if p.members[name] == nil {
		m := newMember(p, name)
		m.shared = p.shared[name]
		m.update(changed[name]) // before run, which requires one
		ctx, cancel := context.WithCancel(p.ctx)
		m.cancel = cancel
		p.members[name] = m
		p.running.Go(func() { m.run(ctx) })
	}
	p.updateMembers(changed, sameCluster)
}

// updateMembers says to members what is asked of them now. The lock is held.
func (p *Provider) updateMembers(changed desiredMembers, sameCluster map[multicluster.ClusterName][]string) {
	for name, w := range changed {
		if m := p.members[name]; m != nil {
			m.update(w)
			m.setDuplicates(listed(sameCluster[name]))
		}
	}
}

// remove ends a member, whatever it is doing. It does not wait for the end.
func (p *Provider) remove(name multicluster.ClusterName) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if m := p.members[name]; m != nil {
		p.end(name, m)
		p.updateMembers(p.setDesired(name, nil))
	}
}

// end is drop with the lock held.
func (p *Provider) end(name multicluster.ClusterName, m *member) {
	delete(p.members, name)
	m.cancel()
	p.options.Log.Info("member removed", "cluster", name)
}
