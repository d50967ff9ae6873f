package kubeconfigs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"reflect"
	"sync"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"
	"k8s.io/utils/clock"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
)

// memberCache is the cache of a member: of the kinds that the hub watches, in some
// namespaces or in all, and of no others. What controller-runtime's costs beside these is
// most of what an idle member costs.
type memberCache struct {
	api        rest.Interface
	codec      *codec
	options    Options
	bounds     *objectLimiters
	namespaces []string
	// forbidden are the namespaces that cannot be listed, as far as is known.
	forbidden map[string]error
	// notify is called when how the member is served has changed.
	notify func()
	// started is closed by Start.
	started chan struct{}
	running sync.WaitGroup

	mu        sync.Mutex
	ctx       context.Context // Start's; nil before
	informers map[schema.GroupVersionKind]*informer
	ends      map[schema.GroupVersionKind]context.CancelFunc
}

var _ cache.Cache = &memberCache{}

func newMemberCache(api rest.Interface, codec *codec, options Options, namespaces []string, forbidden map[string]error, bounds *objectLimiters) *memberCache {
	if len(namespaces) == 0 {
		namespaces = []string{metav1.NamespaceAll}
	}
	return &memberCache{
		api: api, codec: codec, options: options, namespaces: namespaces, forbidden: forbidden, bounds: bounds, notify: func() {}, started: make(chan struct{}),
		informers: map[schema.GroupVersionKind]*informer{}, ends: map[schema.GroupVersionKind]context.CancelFunc{},
	}
}

// resources are the kinds of a cache, and their resources.
var resources = map[schema.GroupVersionKind]string{
	v1alpha1.GroupVersion.WithKind("CommitStatus"): commitStatuses,
	v1alpha1.GroupVersion.WithKind("GitRepo"):      gitRepos,
}

// GetInformer implements cache.Informers.
func (c *memberCache) GetInformer(ctx context.Context, object client.Object, options ...cache.InformerGetOption) (cache.Informer, error) {
	kind, err := c.kindOf(object)
	if err != nil {
		return nil, err
	}
	return c.GetInformerForKind(ctx, kind, options...)
}

// GetInformerForKind implements cache.Informers.
func (c *memberCache) GetInformerForKind(ctx context.Context, kind schema.GroupVersionKind, options ...cache.InformerGetOption) (cache.Informer, error) {
	var o cache.InformerGetOptions
	for _, apply := range options {
		apply(&o)
	}
	i, started, err := c.informer(kind)
	if err != nil {
		return nil, err
	}
	if started && ptr.Deref(o.BlockUntilSynced, true) {
		if err := synced(ctx, i); err != nil {
			return nil, err
		}
	}
	return i, nil
}

// informer returns the informer of a kind, which runs if the cache does.
func (c *memberCache) informer(kind schema.GroupVersionKind) (i *informer, started bool, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	started = c.ctx != nil
	if i := c.informers[kind]; i != nil {
		return i, started, nil
	}
	if i, err = c.newInformer(kind); err != nil {
		return nil, false, err
	}
	c.informers[kind] = i
	if started {
		c.begin(kind, i)
	}
	return i, started, nil
}

func (c *memberCache) newInformer(kind schema.GroupVersionKind) (*informer, error) {
	if _, ok := resources[kind]; !ok {
		return nil, &cache.ErrResourceNotCached{GVK: kind}
	}
	scheme := c.options.Scheme
	object, err := newOf[client.Object](scheme, kind)
	if err != nil {
		return nil, err
	}
	i := newInformer(object)
	for _, namespace := range c.namespaces {
		i.addReflector(c.newReflector(i, kind, namespace))
	}
	return i, nil
}

// newReflector makes the reflector of a kind and a namespace.
func (c *memberCache) newReflector(into *informer, kind schema.GroupVersionKind, namespace string) *reflector {
	bounds := c.bounds.add(into, namespace)
	objects := &objects{codec: c.codec, kind: kind, namespace: namespace, keep: c.options.Keep}
	ask := func(options metav1.ListOptions) *rest.Request {
		return c.api.Get().NamespaceIfScoped(namespace, namespace != "").Resource(resources[kind]).VersionedParams(&options, c.codec.params)
	}
	p := newProgress(c.options.Clock, c.bounds.provider.lagLimit, func() {
		c.settle()
		c.notify()
	})
	_, p.held = c.forbidden[namespace]
	f := &reflector{
		into: into, limiter: bounds.objectLimiter, omitted: bounds.omitted, objects: objects, unreadable: bounds.unreadable, progress: p,
		open: func(ctx context.Context, options metav1.ListOptions) (io.ReadCloser, error) {
			return ask(options).Stream(ctx)
		},
		delay: reflectorBackoff.DelayWithReset(clock.RealClock{}, calm), reopenDelay: reopenBackoff.DelayWithReset(clock.RealClock{}, calm),
		clock: clock.RealClock{}, log: c.options.Log,
	}
	f.lister = &lister{limit: c.options.ObjectLimit, clock: c.options.Clock, wait: f.pause}
	f.fetch = func(ctx context.Context, options metav1.ListOptions, take func(found) error) (page, error) {
		body, err := ask(options).Stream(asPage(ctx))
		if err != nil {
			return page{}, err
		}
		defer func() { _ = body.Close() }()
		return objects.page(ctx, body, options.Limit, take)
	}
	return f
}

// begin runs an informer. The lock is held.
func (c *memberCache) begin(kind schema.GroupVersionKind, i *informer) {
	if c.ctx.Err() != nil {
		i.stop()
		return
	}
	ctx, end := context.WithCancel(c.ctx)
	c.ends[kind] = end
	for _, f := range i.reflectors {
		c.running.Go(func() {
			defer i.stop()
			f.run(ctx)
		})
	}
}

// Start implements cache.Informers. It watches both kinds, whether they are requested or not:
// the member's health depends on both.
func (c *memberCache) Start(ctx context.Context) error {
	c.mu.Lock()
	if c.ctx != nil {
		c.mu.Unlock()
		return errors.New("the member's cache has been started before")
	}
	for kind := range resources {
		if _, ok := c.informers[kind]; ok {
			continue
		}
		i, err := c.newInformer(kind)
		if err != nil {
			c.mu.Unlock()
			return err
		}
		c.informers[kind] = i
	}
	c.ctx = ctx
	for kind, i := range c.informers {
		c.begin(kind, i)
	}
	close(c.started)
	c.mu.Unlock()
	<-ctx.Done()
	c.running.Wait()
	return nil
}

// WaitForCacheSync implements cache.Informers.
func (c *memberCache) WaitForCacheSync(ctx context.Context) bool {
	select {
	case <-ctx.Done():
		return false
	case <-c.started:
	}
	c.mu.Lock()
	var all []*informer
	for _, i := range c.informers {
		all = append(all, i)
	}
	c.mu.Unlock()
	for _, i := range all {
		if synced(ctx, i) != nil {
			return false
		}
	}
	return true
}

// RemoveInformer implements cache.Informers.
func (c *memberCache) RemoveInformer(_ context.Context, object client.Object) error {
	kind, err := c.kindOf(object)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if end := c.ends[kind]; end != nil {
		end()
	}
	delete(c.ends, kind)
	delete(c.informers, kind)
	return nil
}

// errNotReadable is returned by every read of a member's cache: nothing needs one, and its
// objects hold only the fields that the hub uses.
var errNotReadable = errors.New("a member's cache cannot be read or indexed: add an event handler to one of its informers")

// Get implements client.Reader. It always fails.
func (*memberCache) Get(context.Context, client.ObjectKey, client.Object, ...client.GetOption) error {
	return errNotReadable
}

// List implements client.Reader. It always fails.
func (*memberCache) List(context.Context, client.ObjectList, ...client.ListOption) error {
	return errNotReadable
}

// IndexField implements client.FieldIndexer. It always fails.
func (*memberCache) IndexField(context.Context, client.Object, string, client.IndexerFunc) error {
	return errNotReadable
}

// kindOf returns the kind of an object.
func (c *memberCache) kindOf(object runtime.Object) (schema.GroupVersionKind, error) {
	kind, err := apiutil.GVKForObject(object, c.options.Scheme)
	if err != nil {
		return kind, fmt.Errorf("finding out the kind of %T: %w", object, err)
	}
	return kind, nil
}

// synced waits until an informer is.
func synced(ctx context.Context, i *informer) error {
	select {
	case <-ctx.Done():
		return fmt.Errorf("waiting for the %s: %w", i.Name(), ctx.Err())
	case <-i.Done():
		return nil
	}
}

// newOf makes an empty object or list of a kind.
func newOf[T any](scheme *runtime.Scheme, kind schema.GroupVersionKind) (T, error) {
	var none T
	object, err := scheme.New(kind)
	if err != nil {
		return none, fmt.Errorf("making a %s: %w", kind.Kind, err)
	}
	made, ok := object.(T)
	if !ok {
		return none, fmt.Errorf("%T is no %s", object, reflect.TypeFor[T]())
	}
	return made, nil
}
