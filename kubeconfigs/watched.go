package kubeconfigs

import "github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"

// reached returns how far each reflector is, for a check that begins now.
func (c *memberCache) reached() map[*reflector]string {
	out := map[*reflector]string{}
	c.eachFeed(func(f *reflector) { out[f] = f.reached() })
	return out
}

// compare takes in what a check has found. before is what was reached when it began.
func (c *memberCache) compare(before map[*reflector]string, found findings) {
	c.mu.Lock()
	c.forbidden = found.forbidden
	c.mu.Unlock()
	c.settle()
	for f, reached := range before {
		f.compare(reached, found.versions[place{resources[f.objects.kind], f.objects.namespace}])
	}
}

// settle has the reflectors wait whose namespace cannot be listed, and no others. Where that has
// changed after the member was synced, the CommitStatuses of a namespace are listed after
// its GitRepos, without which none of them makes sense.
func (c *memberCache) settle() {
	c.mu.Lock()
	forbidden := c.forbidden
	c.mu.Unlock()
	resolvable := map[string]bool{}
	c.eachFeed(func(f *reflector) {
		if f.objects.kind == v1alpha1.GroupVersion.WithKind("GitRepo") {
			resolvable[f.objects.namespace] = f.hasListed()
		}
	})
	c.eachFeed(func(f *reflector) {
		_, no := forbidden[f.objects.namespace]
		early := f.objects.kind == v1alpha1.GroupVersion.WithKind("CommitStatus") && f.isHeld() && !f.hasListed() && !resolvable[f.objects.namespace]
		f.hold(no || early)
	})
}

// service returns how far the member is served.
func (c *memberCache) service() service {
	c.mu.Lock()
	begun := c.ctx != nil
	c.mu.Unlock()
	if !begun {
		return service{listing: len(resources)}
	}
	var out service
	c.eachFeed(func(f *reflector) { f.add(&out, f.objects.namespace) })
	return out
}

func (c *memberCache) eachFeed(do func(*reflector)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, i := range c.informers {
		for _, f := range i.reflectors {
			do(f)
		}
	}
}
