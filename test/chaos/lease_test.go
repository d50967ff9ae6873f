package chaos

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"
	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// leaseOf is the lease as a client left it.
func leaseOf(holder, client string, renewed time.Time) *coordinationv1.Lease {
	return &coordinationv1.Lease{
		ObjectMeta: metav1.ObjectMeta{Name: leaseName, ManagedFields: []metav1.ManagedFieldsEntry{
			{Manager: "hub-9-9", FieldsV1: metav1.NewFieldsV1(`{"f:spec":{"f:leaseDurationSeconds":{}}}`)},
			{Manager: client, FieldsV1: metav1.NewFieldsV1(`{"f:spec":{"f:holderIdentity":{},"f:renewTime":{}}}`)},
		}},
		Spec: coordinationv1.LeaseSpec{
			HolderIdentity: &holder, RenewTime: &metav1.MicroTime{Time: renewed}, LeaseDurationSeconds: new(int32(7)),
		},
	}
}

func TestTheLeaseTellsWhichProcessLeads(t *testing.T) {
	g := NewWithT(t)
	l := newLeases(nil, namespace)
	now := time.Now()
	l.note(leaseOf("host_1", "hub-0-1", now))
	g.Expect(l.leader()).To(Equal("hub-0-1"))
	l.note(leaseOf("host_1", "hub-0-1", now))
	l.note(leaseOf("host_1", "hub-0-1", now.Add(time.Second)))
	g.Expect(l.renewed("hub-0-1", now)).To(BeTrue())
	g.Expect(l.renewed("hub-0-1", now.Add(time.Second))).To(BeFalse())

	l.note(leaseOf("somebody-else", "chaos", now.Add(2*time.Second)))
	g.Expect(l.leader()).To(BeEmpty())
	l.note(leaseOf("host_2", "hub-1-2", now.Add(3*time.Second)))
	g.Expect(l.leader()).To(Equal("hub-1-2"))
	g.Expect(l.first(now, "hub-0-1")).To(Equal(now.Add(3 * time.Second)))
	g.Expect(l.all()).To(Equal([]Renewal{{"hub-0-1", now}, {"hub-0-1", now.Add(time.Second)}, {"hub-1-2", now.Add(3 * time.Second)}}))

	l.note(leaseOf("host_2", "hub-1-2", now.Add(-8*time.Second)))
	g.Expect(l.leader()).To(BeEmpty(), "it has run out")
}
