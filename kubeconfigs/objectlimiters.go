package kubeconfigs

import (
	"cmp"
	"reflect"
	"sync"

	"sigs.k8s.io/controller-runtime/pkg/client"
)

// namesReported is the number of unreadable objects that are reported by their names.
const namesReported = 10

// objectLimiters are all that one engagement watches: two kinds, in all namespaces or in some.
type objectLimiters struct {
	provider *Provider
	member   string
	notify   func()
	// doubt is called with the reason why a watch cannot be read.
	doubt func(error)

	mu         sync.Mutex
	admissions map[reflect.Type]*admission
	all        []kindLimits
}

type kindLimits struct {
	*objectLimiter
	*unreadable
	*omitted
}

// newObjectLimiters makes the bounds of an engagement of a member.
func newObjectLimiters(p *Provider, member string, told func(), doubt func(error)) *objectLimiters {
	return &objectLimiters{provider: p, member: member, notify: told, doubt: doubt, admissions: map[reflect.Type]*admission{}}
}

// add makes the bounds of one more watch. The watches of a kind share its limit.
func (i *objectLimiters) add(into *informer, namespace string) kindLimits {
	i.mu.Lock()
	defer i.mu.Unlock()
	kind := reflect.TypeOf(into.kind)
	a := i.admissions[kind]
	if a == nil {
		a = newAdmission(i.provider.budget, i.member, kind, i.provider.options.ObjectLimit, i.notify)
		i.admissions[kind] = a
	}
	one := kindLimits{
		&objectLimiter{admission: a, namespace: namespace, into: into}, &unreadable{doubt: i.doubt},
		&omitted{clock: i.provider.options.Clock, notify: i.notify},
	}
	i.all = append(i.all, one)
	return one
}

// end gives back what the engagement holds. Its reflectors have ended.
func (i *objectLimiters) end() {
	i.mu.Lock()
	defer i.mu.Unlock()
	for _, a := range i.admissions {
		a.end()
	}
}

func (i *objectLimiters) each(do func(kindLimits)) {
	i.mu.Lock()
	defer i.mu.Unlock()
	for _, one := range i.all {
		do(one)
	}
}

// leftOut returns how many objects are left out.
func (i *objectLimiters) leftOut() (n int) {
	i.each(func(one kindLimits) { n += one.leftOut() })
	return n
}

// overflow returns a description of the objects that are left out.
func (i *objectLimiters) overflow() (c overflow) {
	most := 0
	i.each(func(one kindLimits) {
		if !one.isCrowded() {
			return
		}
		c.limit, c.fleetLimit = one.limit, one.budget.limit
		if name, units := one.holdsMost(); units > most {
			c.namespace, most = name, units
		}
	})
	return c
}

// unreadable returns how many objects cannot be read, and which, by kind, namespace and
// name: of some of them only.
func (i *objectLimiters) unreadable() (count int, which []string) {
	i.each(func(one kindLimits) {
		count += one.total()
		for _, name := range one.some(namesReported) {
			which = append(which, one.kind.Elem().Name()+" "+name.String())
		}
	})
	return count, which[:min(namesReported, len(which))]
}

// trouble is why a watch cannot be read, nil while all can.
func (i *objectLimiters) trouble() (err error) {
	i.each(func(one kindLimits) { err = cmp.Or(err, one.trouble()) })
	return err
}

// hides reports whether an object that handlers see as deleted is only left out, or cannot be
// read.
func (i *objectLimiters) hides(object client.Object) (hides bool) {
	name := client.ObjectKeyFromObject(object)
	i.each(func(one kindLimits) {
		hides = hides || one.kind == reflect.TypeOf(object) && (one.into.hides(name) || one.has(name))
	})
	return hides
}

// LeavesOut reports whether an object that a handler of a member's cache sees as deleted is
// only left out: the member, or all members together, have more than is kept, or it cannot be
// read.
func (p *Provider) LeavesOut(name string, object client.Object) bool {
	m := p.member(name)
	if m == nil {
		return false
	}
	engaged := m.engaged()
	return engaged != nil && engaged.limiters.hides(object)
}
