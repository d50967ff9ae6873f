package hub

import (
	"context"
	"crypto/rand"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger"
	"github.com/argoproj-labs/commit-status-hub/providers"
)

const (
	// sealSecretName is the Secret with the keys of seals, in the hub's namespace.
	sealSecretName = "commit-status-hub-seal"
	// The keys of its data: with the first one statuses are sealed, with both they are proven.
	sealKeyField, previousSealKeyField = "key", "previousKey"
	// sealRetry is how long the leader waits before it tries again to make the Secret, and
	// sealReadTimeout bounds the first read of it.
	sealRetry, sealReadTimeout = 10 * time.Second, 5 * time.Second
)

// sealSecret has every replica know the keys of seals, and the leader make the Secret that
// holds them.
type sealSecret struct {
	seals     *ledger.Seals
	namespace string
	client    client.Client
	// reader reads without the cache.
	reader client.Reader
	clock  clock.Clock
	log    logr.Logger
	// unusable reports whether the Secret was last seen without a key that can be used.
	unusable atomic.Bool
	// gone has the leader look whether the Secret was deleted.
	gone chan struct{}
}

// setup reads the keys that there are, so that the first objects of members can be checked.
func (s *sealSecret) setup(ctx context.Context, mgr manager.Manager) error {
	reading, cancel := context.WithTimeout(ctx, sealReadTimeout)
	defer cancel()
	if err := s.read(reading); err != nil && !apierrors.IsNotFound(err) {
		s.log.Info("keys of seals not read; what members' statuses say is looked up", "error", providers.Sentence(err.Error()))
	}
	notElected := false
	err := ctrl.NewControllerManagedBy(mgr).
		Named("seal").
		For(&corev1.Secret{}, builder.WithPredicates(predicate.NewPredicateFuncs(s.concerns))).
		WithOptions(controller.Options{NeedLeaderElection: &notElected}).
		Complete(reconcile.Func(s.follow))
	if err != nil {
		return fmt.Errorf("setting up the controller of the Secret of seals: %w", err)
	}
	return mgr.Add(manager.RunnableFunc(s.make))
}

func (s *sealSecret) name() types.NamespacedName {
	return types.NamespacedName{Namespace: s.namespace, Name: sealSecretName}
}

func (s *sealSecret) concerns(secret client.Object) bool {
	return client.ObjectKeyFromObject(secret) == s.name()
}

// follow takes in the keys as they are now. Those of a Secret that is gone stay in use, and the
// leader writes them into a new one.
func (s *sealSecret) follow(ctx context.Context, _ reconcile.Request) (reconcile.Result, error) {
	var secret corev1.Secret
	err := s.client.Get(ctx, s.name(), &secret)
	switch {
	case err == nil:
		s.take(&secret)
	case apierrors.IsNotFound(err):
		select {
		case s.gone <- struct{}{}:
		default: // the leader has yet to look for the last time
		}
		return reconcile.Result{}, nil
	}
	return reconcile.Result{}, err
}

// take uses the keys of the Secret from now on. A Secret without a usable key is not changed:
// nothing is sealed until its creator adds one.
func (s *sealSecret) take(secret *corev1.Secret) {
	s.seals.Set(secret.Data[sealKeyField], secret.Data[previousSealKeyField])
	unusable := len(secret.Data[sealKeyField]) < ledger.MinSealKey
	if s.unusable.Swap(unusable) == unusable {
		return
	}
	if !unusable {
		s.log.Info("Secret of seals is usable", "name", sealSecretName)
		return
	}
	s.log.Info("Secret of seals holds no usable key; no status is sealed, and what statuses say is looked up. "+
		"Write a key into it, or delete it: the hub makes another",
		"name", sealSecretName, "field", sealKeyField, "leastBytes", ledger.MinSealKey)
}

func (s *sealSecret) read(ctx context.Context) error {
	var secret corev1.Secret
	if err := s.reader.Get(ctx, s.name(), &secret); err != nil {
		return err
	}
	s.take(&secret)
	return nil
}

// begin makes the Secret before the first status is published, where no key is known.
func (s *sealSecret) begin(ctx context.Context) {
	if s.seals.HaveKey() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, sealReadTimeout)
	defer cancel()
	if err := s.ensure(ctx); err != nil {
		s.log.Info("statuses are not sealed yet", "error", providers.Sentence(err.Error()))
	}
}

// make makes the Secret whenever there is none, on the leader.
func (s *sealSecret) make(ctx context.Context) error {
	for {
		var retry <-chan time.Time
		if err := s.ensure(ctx); err != nil {
			s.log.Info("Secret of seals not made; trying again", "error", providers.Sentence(err.Error()))
			retry = s.clock.After(sealRetry)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-retry:
		case <-s.gone:
		}
	}
}

func (s *sealSecret) ensure(ctx context.Context) error {
	if err := s.read(ctx); !apierrors.IsNotFound(err) {
		return err
	}
	data, err := s.data()
	if err != nil {
		return err
	}
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: s.namespace, Name: sealSecretName}, Data: data}
	if err := s.client.Create(ctx, secret, client.FieldOwner(v1alpha1.FieldOwner)); err != nil {
		if apierrors.IsAlreadyExists(err) {
			return s.read(ctx) // another replica was first
		}
		return err
	}
	s.take(secret)
	s.log.Info("made the Secret of seals", "name", sealSecretName)
	return nil
}

// data returns what a new Secret holds: the keys that are in use, which have sealed statuses, or
// else a key that is made now.
func (s *sealSecret) data() (map[string][]byte, error) {
	if keys := s.seals.Known(); len(keys) > 0 {
		data := map[string][]byte{}
		for i, field := range []string{sealKeyField, previousSealKeyField}[:len(keys)] {
			data[field] = keys[i]
		}
		return data, nil
	}
	key := make([]byte, ledger.MinSealKey)
	if _, err := rand.Read(key); err != nil {
		return nil, fmt.Errorf("making a key: %w", err)
	}
	return map[string][]byte{sealKeyField: key}, nil
}
