package kubeconfigs

import (
	"cmp"
	"reflect"
	"sync"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// namesTold is how many objects that cannot be read are told by their names.
const namesTold = 10

// intakes are all that one engagement watches: two kinds, in all namespaces or in some.
type intakes struct {
	provider *Provider
	// limit is that of each.
	limit int
	told  func()
	// doubt is told why a watch cannot be read.
	doubt func(error)

	mu  sync.Mutex
	all []kindIntake
}

type kindIntake struct {
	kind reflect.Type
	*intake
	*unreadable
	*omitted
}

// newIntakes shares the limit of a kind among the namespaces that are watched.
func newIntakes(p *Provider, namespaces int, told func(), doubt func(error)) *intakes {
	return &intakes{provider: p, limit: max(1, p.options.ObjectLimit/max(1, namespaces)), told: told, doubt: doubt}
}

// add makes the bounds of one more watch.
func (i *intakes) add(kind client.Object) kindIntake {
	one := kindIntake{
		reflect.TypeOf(kind), newIntake(i.limit, i.provider.options.Clock, i.told), &unreadable{doubt: i.doubt},
		&omitted{clock: i.provider.options.Clock, told: i.told},
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.all = append(i.all, one)
	return one
}

func (i *intakes) each(do func(kindIntake)) {
	i.mu.Lock()
	defer i.mu.Unlock()
	for _, one := range i.all {
		do(one)
	}
}

// leftOut returns how many objects are left out.
func (i *intakes) leftOut() (n int) {
	i.each(func(one kindIntake) { n += one.leftOut() })
	return n
}

// crowded reports whether it is to be told that objects are left out.
func (i *intakes) crowded() (crowded bool) {
	i.each(func(one kindIntake) { crowded = crowded || one.isCrowded() })
	return crowded
}

// unreadable returns how many objects cannot be read, and which, by kind, namespace and
// name: of some of them only.
func (i *intakes) unreadable() (count int, which []string) {
	i.each(func(one kindIntake) {
		count += one.total()
		for _, name := range one.some(namesTold) {
			which = append(which, one.kind.Elem().Name()+" "+name.String())
		}
	})
	return count, which[:min(namesTold, len(which))]
}

// trouble is why a watch cannot be read, nil while all can.
func (i *intakes) trouble() (err error) {
	i.each(func(one kindIntake) { err = cmp.Or(err, one.trouble()) })
	return err
}

// drops reports whether an object was let in until a list left it out, or cannot be read.
func (i *intakes) drops(object client.Object) (drops bool) {
	name := types.NamespacedName{Namespace: object.GetNamespace(), Name: object.GetName()}
	i.each(func(one kindIntake) {
		drops = drops || one.kind == reflect.TypeOf(object) && (one.intake.drops(name) || one.has(name))
	})
	return drops
}

// LeavesOut reports whether an object that a member's cache tells to be gone is there yet,
// and only left out since the member has more than is watched, or since it cannot be read.
func (p *Provider) LeavesOut(name string, object client.Object) bool {
	m := p.member(name)
	if m == nil {
		return false
	}
	engaged := m.engaged()
	return engaged != nil && engaged.intakes.drops(object)
}
