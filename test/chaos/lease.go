package chaos

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const (
	// leaseName is the Lease that the replicas compete for.
	leaseName = "commit-status-hub"
	// leaseRetry is how long after a watch of it ended there is another one.
	leaseRetry = 20 * time.Millisecond
)

// leases watches who has the lease. A holder's identity says nothing of the process; but
// the API server notes which client wrote a field, by the name of its program, and each
// instance has one of its own.
type leases struct {
	client    client.WithWatch
	namespace string

	mu       sync.Mutex
	renewals []Renewal
	// holder is whom the lease was last seen with, since from, and until is when it runs
	// out.
	holder string
	until  time.Time
	// instances are whose identity is whose.
	instances map[string]string
}

func newLeases(c client.WithWatch, namespace string) *leases {
	return &leases{client: c, namespace: namespace, instances: map[string]string{}}
}

// run watches until ctx ends.
func (l *leases) run(ctx context.Context) {
	for ; ctx.Err() == nil; wait(ctx, leaseRetry) {
		var list coordinationv1.LeaseList
		if err := l.client.List(ctx, &list, client.InNamespace(l.namespace)); err != nil {
			continue
		}
		for i := range list.Items {
			l.note(&list.Items[i])
		}
		l.follow(ctx, list.ResourceVersion)
	}
}

func (l *leases) follow(ctx context.Context, version string) {
	options := &client.ListOptions{Namespace: l.namespace, Raw: &metav1.ListOptions{ResourceVersion: version}}
	events, err := l.client.Watch(ctx, &coordinationv1.LeaseList{}, options)
	if err != nil {
		return
	}
	defer events.Stop()
	for event := range events.ResultChan() {
		lease, ok := event.Object.(*coordinationv1.Lease)
		if !ok {
			return
		}
		if event.Type == watch.Deleted {
			l.set(func() { l.holder = "" })
			continue
		}
		l.note(lease)
	}
}

// note takes in the lease as it is.
func (l *leases) note(lease *coordinationv1.Lease) {
	if lease.Name != leaseName {
		return
	}
	holder := ptr.Deref(lease.Spec.HolderIdentity, "")
	l.set(func() {
		if writer := renewer(lease); strings.HasPrefix(writer, "hub-") && holder != "" {
			l.instances[holder] = writer
		}
		l.holder = l.instances[holder]
		if lease.Spec.RenewTime == nil || l.holder == "" {
			return
		}
		at := lease.Spec.RenewTime.Time
		l.until = at.Add(time.Duration(ptr.Deref(lease.Spec.LeaseDurationSeconds, 0)) * time.Second)
		if renewal := (Renewal{l.holder, at}); len(l.renewals) == 0 || l.renewals[len(l.renewals)-1] != renewal {
			l.renewals = append(l.renewals, renewal)
		}
	})
}

// renewer is the client that wrote the time of the last renewal.
func renewer(lease *coordinationv1.Lease) string {
	for _, field := range lease.ManagedFields {
		if field.FieldsV1 != nil && strings.Contains(field.FieldsV1.GetRawString(), `"f:renewTime"`) {
			return field.Manager
		}
	}
	return ""
}

func (l *leases) set(do func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	do()
}

// leader is the instance that has the lease, "" while none has.
func (l *leases) leader() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if time.Now().After(l.until) {
		return ""
	}
	return l.holder
}

// all are the renewals that were seen.
func (l *leases) all() []Renewal {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.renewals)
}

// renewed reports whether an instance has renewed the lease after a time.
func (l *leases) renewed(instance string, after time.Time) bool {
	return slices.ContainsFunc(l.all(), func(r Renewal) bool { return r.Instance == instance && r.At.After(after) })
}

// first is when another instance than one had the lease first after a time.
func (l *leases) first(after time.Time, but string) time.Time {
	for _, r := range l.all() {
		if r.Instance != but && r.At.After(after) {
			return r.At
		}
	}
	return after
}
