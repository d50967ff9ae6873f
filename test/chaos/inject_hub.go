package chaos

import (
	"context"
	"fmt"
	"syscall"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const (
	// electLimit is how long it may take until a replica has the lease, on a machine that
	// has much else to do, and readyLimit until a new one answers.
	electLimit, readyLimit = time.Minute, time.Minute
	// deposed is how long a replica that has lost the lease may take to end: the renew
	// deadline, and what it has under way.
	deposed = 20 * time.Second
)

// injectHub has a replica or its API server misbehave, and reports whether that met one.
func (w *world) injectHub(ctx context.Context, t *tally, fault Fault) (met bool, err error) {
	leader, other, err := w.ready(ctx)
	if err != nil {
		return false, err
	}
	if fault.Kind == Etcd {
		return true, w.hub.RestartEtcd(ctx)
	}
	victim := leader
	if !fault.Leader && fault.Kind != LeaseLoss {
		victim = other
	}
	begun := time.Now()
	switch fault.Kind {
	case Kill:
		met = victim.signal(syscall.SIGKILL) == nil
	case Stop:
		met = w.stop(ctx, t, victim, fault.Length)
	case LeaseLoss:
		met, err = w.loseLease(ctx, leader, fault)
	default:
		err = fmt.Errorf("%q is no fault of the hub", fault.Kind)
	}
	if err != nil || victim != leader {
		return met, err
	}
	return met, w.followed(ctx, t, leader, begun)
}

// followed waits until another replica leads. One that was stopped may have the lease
// still, where the other had only begun to watch it.
func (w *world) followed(ctx context.Context, t *tally, leader *instance, begun time.Time) error {
	ended := time.Now()
	taken := false
	if !until(ctx, electLimit, func() bool {
		next := w.leases.leader()
		taken = next != "" && next != leader.name
		return taken || w.leases.renewed(leader.name, ended.Add(renewDeadline))
	}) {
		return fmt.Errorf("nobody has the lease %s later", time.Since(begun))
	}
	if !taken {
		return nil
	}
	t.set(func() {
		t.leaders++
		t.takeOvers = append(t.takeOvers, w.leases.first(begun, leader.name).Sub(begun))
	})
	until(ctx, deposed, func() bool { return !leader.alive() })
	return nil
}

// ready waits until one replica leads and another one answers.
func (w *world) ready(ctx context.Context) (leader, other *instance, err error) {
	if !until(ctx, electLimit, func() bool {
		leader = w.fleet.named(w.leases.leader())
		return leader != nil && leader.alive()
	}) {
		return nil, nil, fmt.Errorf("no replica leads")
	}
	if !until(ctx, readyLimit, func() bool {
		for _, r := range w.fleet.list() {
			i := r.now()
			if i == nil || !i.alive() || i == leader {
				continue
			}
			if heard, err := i.metric(ctx, "commit_status_hub_cluster_connected"); err == nil && heard > 0 {
				other = i
				return true
			}
		}
		return false
	}) {
		return nil, nil, fmt.Errorf("no replica stands by")
	}
	return leader, other, nil
}

// stop stops a process for a while: its clocks go on, and it knows nothing of that.
func (w *world) stop(ctx context.Context, t *tally, victim *instance, while time.Duration) bool {
	if victim.signal(syscall.SIGSTOP) != nil {
		return false
	}
	wait(ctx, while)
	met := victim.alive()
	t.set(func() { t.woken = append(t.woken, Renewal{victim.name, time.Now()}) })
	return victim.signal(syscall.SIGCONT) == nil && met
}

// loseLease takes the lease away from its leader in one of three ways.
func (w *world) loseLease(ctx context.Context, leader *instance, fault Fault) (met bool, err error) {
	lease := &coordinationv1.Lease{ObjectMeta: in(namespace, leaseName)}
	switch fault.Variant % 3 {
	case 0: // somebody deletes it
		return true, w.insist(ctx, func() error { return client.IgnoreNotFound(w.hub.Client.Delete(ctx, lease)) })
	case 1: // somebody has it, and goes away
		return true, w.insist(ctx, func() error {
			if err := w.hub.Client.Get(ctx, client.ObjectKeyFromObject(lease), lease); err != nil {
				return err
			}
			lease.Spec.HolderIdentity = new("somebody-else")
			lease.Spec.RenewTime = &metav1.MicroTime{Time: time.Now()}
			return w.hub.Client.Update(ctx, lease)
		})
	default: // the API server cannot be reached for longer than the renew deadline
		leader.replica.gate.Shut()
		wait(ctx, fault.Length)
		return leader.replica.gate.Cut() > 0, leader.replica.gate.Open()
	}
}

// insist does something for as long as it takes.
func (w *world) insist(ctx context.Context, do func() error) error {
	var err error
	until(ctx, electLimit, func() bool {
		err = do()
		return err == nil
	})
	return err
}
