package scmproviders

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger"
	"github.com/argoproj-labs/commit-status-hub/providers"
	"github.com/argoproj-labs/commit-status-hub/ratelimit"
)

// Controller brings the hub's ScmProviders and their Secrets into the ledger,
// on every replica.
type Controller struct {
	Options
	// reports is the queue of what to report, nil until this replica leads.
	reports atomic.Pointer[reportQueue]

	loading
	// opened is what each ScmProvider was last opened with.
	opened map[string]opening
}

// Options are what the controller of ScmProviders is made of.
type Options struct {
	// Client patches statuses, on the leader alone.
	Client        client.Client
	Namespace     string
	Registry      providers.Registry
	Installations installations
	Ledger        *ledger.Ledger
	// Apply takes what has to be looked at because of a change.
	Apply func(ledger.Changes)
	Clock clock.WithTicker
	// RenewDeadline is that of the leader election.
	RenewDeadline time.Duration
	Log           logr.Logger
	// Events records events about ScmProviders; nil records none.
	Events events.EventRecorder
}

// New makes the controller of ScmProviders.
func New(o Options) *Controller {
	return &Controller{Options: o, opened: map[string]opening{}}
}

// loading is the lock that is held while ScmProviders are opened or let go, and how often they
// were.
type loading struct {
	sync.Mutex
	loads int
}

// count returns how often ScmProviders were opened or let go.
func (l *loading) count() int {
	l.Lock()
	defer l.Unlock()
	return l.loads
}

// unless reports whether the count is unchanged, and calls do under the lock if it is.
func (l *loading) unless(loads int, do func()) bool {
	l.Lock()
	defer l.Unlock()
	if l.loads != loads {
		return false
	}
	do()
	return true
}

// opening is a ScmProvider as it was opened, with a digest of all that an account
// is made of, and why it cannot be used, nil where it can.
type opening struct {
	digest  string
	spec    v1alpha1.ScmProviderSpec
	problem *providers.Error
}

// SetupWithManager adds the controllers, of which the leader alone reports status.
func (s *Controller) SetupWithManager(mgr ctrl.Manager) error {
	notElected := false
	byName := handler.EnqueueRequestsFromMapFunc(s.usersOf)
	err := ctrl.NewControllerManagedBy(mgr).
		Named("scmprovider").
		For(&v1alpha1.ScmProvider{}, builder.WithPredicates(beyondBudgets)).
		Watches(&corev1.Secret{}, byName).
		WithOptions(controller.Options{NeedLeaderElection: &notElected}).
		Complete(reconcile.Func(s.load))
	if err != nil {
		return fmt.Errorf("setting up the controller of ScmProviders: %w", err)
	}
	err = ctrl.NewControllerManagedBy(mgr).
		Named("scmprovider-status").
		For(&v1alpha1.ScmProvider{}, builder.WithPredicates(beyondBudgets)).
		Watches(&corev1.Secret{}, byName).
		WatchesRawSource(reportSource{s}).
		Complete(reconcile.Func(s.report))
	if err != nil {
		return fmt.Errorf("setting up the controller of ScmProviders' status: %w", err)
	}
	return mgr.Add(firstLoad{s})
}

// beyondBudgets passes on what changes of a ScmProvider beside its budgets, which are
// recorded all the time and change nothing here.
var beyondBudgets = predicate.Funcs{UpdateFunc: func(e event.UpdateEvent) bool {
	before, ok := e.ObjectOld.(*v1alpha1.ScmProvider)
	now, is := e.ObjectNew.(*v1alpha1.ScmProvider)
	return !ok || !is || before.UID != now.UID || before.Generation != now.Generation ||
		!equality.Semantic.DeepEqual(before.Status.Conditions, now.Status.Conditions) ||
		!equality.Semantic.DeepEqual(before.Status.MovedRepositories, now.Status.MovedRepositories)
}}

// firstLoad loads all ScmProviders once when the hub starts, on every replica.
type firstLoad struct{ *Controller }

// NeedLeaderElection reports whether it runs on the leader only. It does not: a standby's
// ledger is as warm as the leader's.
func (firstLoad) NeedLeaderElection() bool { return false }

// Start lets the ledger count claims once every ScmProvider is in it.
func (f firstLoad) Start(ctx context.Context) error {
	var list v1alpha1.ScmProviderList
	if err := f.Client.List(ctx, &list, client.InNamespace(f.Namespace)); err != nil {
		return fmt.Errorf("listing ScmProviders: %w", err)
	}
	for i := range list.Items {
		if _, err := f.load(ctx, reconcile.Request{NamespacedName: client.ObjectKeyFromObject(&list.Items[i])}); err != nil {
			return err
		}
	}
	f.Apply(f.Ledger.Loaded())
	return nil
}

// usersOf returns the ScmProviders that name a Secret.
func (s *Controller) usersOf(ctx context.Context, secret client.Object) []reconcile.Request {
	var list v1alpha1.ScmProviderList
	if err := s.Client.List(ctx, &list, client.InNamespace(s.Namespace)); err != nil {
		s.Log.Error(err, "listing ScmProviders")
		return nil
	}
	var out []reconcile.Request
	for i := range list.Items {
		if list.Items[i].Spec.SecretRef.Name == secret.GetName() {
			out = append(out, reconcile.Request{NamespacedName: client.ObjectKeyFromObject(&list.Items[i])})
		}
	}
	return out
}

// load opens a ScmProvider and tells the ledger. Unless the spec or the Secret
// changed since, it keeps the account, with all that it has learned.
func (s *Controller) load(ctx context.Context, req reconcile.Request) (reconcile.Result, error) {
	// Read under the lock, so that an older state never follows a newer one.
	s.Lock()
	defer s.Unlock()
	_, _, err := s.open(ctx, req.NamespacedName)
	return reconcile.Result{}, err
}

// open brings a ScmProvider as it is now into the ledger, unless it is there, and returns it,
// nil for none, with why it cannot be used. It is the only place that opens one: to open it
// is to register its limits. The lock is held.
func (s *Controller) open(ctx context.Context, name types.NamespacedName) (*v1alpha1.ScmProvider, *providers.Error, error) {
	provider, secret, err := s.read(ctx, name)
	if err != nil {
		return nil, nil, err
	}
	if provider == nil {
		delete(s.opened, name.Name)
		s.loads++
		s.Apply(s.Ledger.SetScmProvider(name.Name, nil))
		s.Installations.Replace(name.Name, nil)
		return nil, nil, nil
	}
	digest, err := digestOf(provider, secret)
	if err != nil {
		return nil, nil, err
	}
	before, again := s.opened[name.Name]
	if before.digest == digest {
		s.Apply(s.Ledger.SetMoves(name.Name, provider.Status.MovedRepositories))
		return provider, before.problem, nil
	}
	if again {
		s.Installations.Replace(name.Name, s.kept(before.spec, provider))
	}
	compiled := ledger.CompileScmProvider(s.Registry, provider, secret)
	s.loads++
	s.opened[name.Name] = opening{digest: digest, spec: provider.Spec, problem: compiled.Problem}
	s.logLoaded(name.Name, compiled.Problem)
	s.Apply(s.Ledger.SetScmProvider(name.Name, compiled))
	return provider, compiled.Problem, nil
}

// logLoaded logs whether a ScmProvider can be used, and why it cannot.
func (s *Controller) logLoaded(name string, problem *providers.Error) {
	log := s.Log.WithValues("name", name, "usable", problem == nil)
	if problem != nil {
		log = log.WithValues("reason", problem.Reason, "message", problem.Message)
	}
	log.Info("loaded ScmProvider")
}

// kept is what a ScmProvider allows after a change, of what it allowed before. As long
// as it is for the same SCM, the installations that it used lately stay its own, so that
// what was spent of them stays in its status until they are used again.
func (s *Controller) kept(before v1alpha1.ScmProviderSpec, now *v1alpha1.ScmProvider) map[string]ratelimit.Limits {
	if !equality.Semantic.DeepEqual(scmOf(before), scmOf(now.Spec)) {
		return nil
	}
	return limitsOf(now, s.Installations.Records(now.Name))
}

// scmOf is what of a spec says which SCM it is for, and as whom.
func scmOf(spec v1alpha1.ScmProviderSpec) v1alpha1.ScmProviderSpec {
	return v1alpha1.ScmProviderSpec{
		GitHub: spec.GitHub, GitLab: spec.GitLab, Gitea: spec.Gitea,
		BitbucketCloud: spec.BitbucketCloud, BitbucketDataCenter: spec.BitbucketDataCenter,
	}
}

// read returns a ScmProvider and the data of its Secret, nil for what there is not.
func (s *Controller) read(ctx context.Context, name types.NamespacedName) (*v1alpha1.ScmProvider, map[string][]byte, error) {
	provider := &v1alpha1.ScmProvider{}
	if err := s.Client.Get(ctx, name, provider); err != nil {
		if apierrors.IsNotFound(err) {
			return nil, nil, nil
		}
		return nil, nil, fmt.Errorf("reading ScmProvider %s: %w", name.Name, err)
	}
	secret := &corev1.Secret{}
	err := s.Client.Get(ctx, types.NamespacedName{Namespace: s.Namespace, Name: provider.Spec.SecretRef.Name}, secret)
	switch {
	case apierrors.IsNotFound(err):
		return provider, nil, nil
	case err != nil:
		return nil, nil, fmt.Errorf("reading the Secret of ScmProvider %s: %w", name.Name, err)
	case secret.Data == nil:
		return provider, map[string][]byte{}, nil
	}
	return provider, secret.Data, nil
}

// digestOf tells apart whatever an account is made of.
func digestOf(provider *v1alpha1.ScmProvider, secret map[string][]byte) (string, error) {
	text, err := json.Marshal([]any{provider.UID, provider.Spec, secret})
	if err != nil {
		return "", fmt.Errorf("encoding ScmProvider %s: %w", provider.Name, err)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), nil
}
