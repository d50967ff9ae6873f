package chaos

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/util/retry"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/kubeconfigs"
	"github.com/argoproj-labs/commit-status-hub/test/clusters"
)

const (
	// namespace is the hub's.
	namespace = "commit-status-system"
	// members and replicas is how many there are.
	members, replicas = 3, 2
)

// world is all that there is in a run.
type world struct {
	dir string
	hub *clusters.Cluster
	// planes are all control planes.
	planes  []*clusters.Cluster
	members []*member
	forges  []*forge
	fleet   *fleet
	leases  *leases
	census  *census
	asked   *asked

	// quit ends what runs beside the run, and beside counts it.
	quit   context.CancelFunc
	beside sync.WaitGroup
	// failed is the first error of what runs beside the run.
	failed chan error
}

// newWorld starts control planes and SCMs, and a hub with two replicas. The caller closes
// the world, whether or not there was an error.
func newWorld(ctx context.Context, dir string, seed uint64) (*world, error) {
	w := &world{dir: dir, asked: newAsked(), census: newCensus(), failed: make(chan error, 1)}
	w.fleet = &fleet{dir: dir, arguments: []string{
		"--namespace", namespace, "--local-cluster=false", "--metrics-secure=false", "--health-probe-bind-address=0",
	}}
	if err := w.startForges(); err != nil {
		return w, err
	}
	planes, err := w.startClusters(ctx)
	if err != nil {
		return w, err
	}
	if err := w.install(ctx); err != nil {
		return w, err
	}
	for n, plane := range planes {
		m, err := newMember(ctx, fmt.Sprintf("m%d", n), plane, newWork(seed, n, w.providers()), w.asked)
		if err != nil {
			return w, err
		}
		w.members = append(w.members, m)
		if err := w.join(ctx, m); err != nil {
			return w, err
		}
	}
	err = w.startHub(ctx)
	return w, err
}

func (w *world) startForges() error {
	behind := newPeers(w.fleet.running)
	for _, begin := range []func() (*forge, error){
		func() (*forge, error) { return newGitHub(behind, "github", 4, 0) },
		func() (*forge, error) { return newGitHub(behind, "limited", 2, writesPerMinute) },
		func() (*forge, error) { return newGitLab(behind) },
	} {
		f, err := begin()
		if err != nil {
			return err
		}
		w.forges = append(w.forges, f)
	}
	return nil
}

// startClusters starts the hub's control plane and returns those of members.
func (w *world) startClusters(ctx context.Context) ([]*clusters.Cluster, error) {
	planes := make([]*clusters.Cluster, members+1)
	errs := make([]error, len(planes))
	var wg sync.WaitGroup
	for n := range planes {
		wg.Go(func() { planes[n], errs[n] = clusters.Start(context.WithoutCancel(ctx)) })
	}
	wg.Wait()
	for _, plane := range planes {
		if plane != nil {
			w.planes = append(w.planes, plane)
		}
	}
	w.hub = planes[0]
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return planes[1:], nil
}

func (w *world) providers() (all []Provider) {
	for _, f := range w.forges {
		all = append(all, f.providers...)
	}
	return all
}

// install makes the ScmProviders with their Secrets.
func (w *world) install(ctx context.Context) error {
	objects := []client.Object{&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}}
	for _, f := range w.forges {
		for n, p := range f.providers {
			spec := f.specs[n]
			spec.SecretRef = v1alpha1.ObjectReference{Name: "scm-" + p.Name}
			var repositories []v1alpha1.Pattern
			for _, repository := range p.Repositories {
				repositories = append(repositories, v1alpha1.Pattern(repository))
			}
			spec.Grants = []v1alpha1.Grant{{Clusters: []v1alpha1.Pattern{"m*"}, Repositories: repositories}}
			objects = append(objects,
				&corev1.Secret{ObjectMeta: in(namespace, spec.SecretRef.Name), Data: f.secrets[n]},
				&v1alpha1.ScmProvider{ObjectMeta: in(namespace, p.Name), Spec: spec})
		}
	}
	for _, object := range objects {
		if err := w.hub.Client.Create(ctx, object); err != nil {
			return fmt.Errorf("creating %T %s: %w", object, object.GetName(), err)
		}
	}
	return nil
}

// join makes a member's Secret, or puts how the member is reached now into it.
func (w *world) join(ctx context.Context, m *member) error {
	kubeconfig, err := m.kubeconfig()
	if err != nil {
		return fmt.Errorf("writing a kubeconfig: %w", err)
	}
	secret := &corev1.Secret{ObjectMeta: in(namespace, m.name), Data: map[string][]byte{kubeconfigs.KubeconfigKey: kubeconfig}}
	secret.Labels = map[string]string{kubeconfigs.MemberLabel: "true"}
	if err := client.IgnoreAlreadyExists(w.hub.Client.Create(ctx, secret)); err != nil {
		return fmt.Errorf("making a member's Secret: %w", err)
	}
	return retry.RetryOnConflict(retry.DefaultBackoff, func() error {
		now := &corev1.Secret{}
		if err := w.hub.Client.Get(ctx, client.ObjectKeyFromObject(secret), now); err != nil {
			return err
		}
		now.Data = secret.Data
		return w.hub.Client.Update(ctx, now)
	})
}

// fail ends the run with an error, unless another one does.
func (w *world) fail(err error) {
	select {
	case w.failed <- err:
	default:
	}
}

// close ends all that the world has started.
func (w *world) close() error {
	if w.quit != nil {
		w.quit()
	}
	w.beside.Wait()
	for _, r := range w.fleet.list() {
		r.gate.Close()
	}
	for _, f := range w.forges {
		f.close()
	}
	var errs []error
	for _, m := range w.members {
		m.front.Close()
	}
	for _, plane := range w.planes {
		errs = append(errs, plane.Stop())
	}
	return errors.Join(errs...)
}

// settled waits until every claim at some places is as it should be, and returns what is
// not when the limit is reached.
func (w *world) settled(ctx context.Context, limit time.Duration, where func(Place) bool) (wrong []string) {
	until(ctx, limit, func() bool {
		wrong = w.unsettled(ctx, where)
		return len(wrong) == 0
	})
	return wrong
}

// anywhere is every place.
func anywhere(Place) bool { return true }

// unlimited reports whether a place is of an SCM that allows any number of writes.
func (w *world) unlimited(at Place) bool {
	return !slices.ContainsFunc(w.forges, func(f *forge) bool { return f.limits && f.writesAs(at.Provider) })
}

func (w *world) unsettled(ctx context.Context, where func(Place) bool) []string {
	var all []Claim
	for _, m := range w.members {
		claims, err := m.claims(ctx)
		if err != nil {
			return []string{err.Error()}
		}
		all = append(all, claims...)
	}
	all = slices.DeleteFunc(all, func(c Claim) bool { return !where(c.Place) })
	return unsettled(all, func(at Place) *Row {
		for _, f := range w.forges {
			if f.writesAs(at.Provider) {
				return f.shown(at)
			}
		}
		return nil
	})
}
