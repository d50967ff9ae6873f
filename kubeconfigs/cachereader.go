package kubeconfigs

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	operators "k8s.io/apimachinery/pkg/selection"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"
)

// kindOf returns the kind of an object, or of the objects of a list.
func (c *memberCache) kindOf(object runtime.Object) (schema.GroupVersionKind, error) {
	kind, err := apiutil.GVKForObject(object, c.options.Scheme)
	if err != nil {
		return kind, fmt.Errorf("finding out the kind of %T: %w", object, err)
	}
	kind.Kind = strings.TrimSuffix(kind.Kind, "List")
	return kind, nil
}

// ready returns the informer that has what is to be read.
func (c *memberCache) ready(ctx context.Context, out runtime.Object) (*informer, schema.GroupVersionKind, error) {
	kind, err := c.kindOf(out)
	if err != nil {
		return nil, kind, err
	}
	i, started, err := c.informer(kind)
	switch {
	case err != nil:
		return nil, kind, err
	case !started:
		return nil, kind, &cache.ErrCacheNotStarted{}
	}
	return i, kind, synced(ctx, i)
}

// Get implements client.Reader. The object is a copy.
func (c *memberCache) Get(ctx context.Context, key client.ObjectKey, out client.Object, _ ...client.GetOption) error {
	i, kind, err := c.ready(ctx, out)
	if err != nil {
		return err
	}
	found, exists, err := i.store.GetByKey(key.String())
	if err != nil {
		return fmt.Errorf("looking into the cache: %w", err)
	}
	object, ok := found.(client.Object)
	if !exists || !ok {
		return apierrors.NewNotFound(schema.GroupResource{Group: kind.Group, Resource: resources[kind]}, key.Name)
	}
	if !i.holds(out) {
		return fmt.Errorf("the cache has %T, and was asked for %T", i.kind, out)
	}
	reflect.ValueOf(out).Elem().Set(reflect.ValueOf(object.DeepCopyObject()).Elem())
	out.GetObjectKind().SetGroupVersionKind(kind)
	return nil
}

// List implements client.Reader. The objects are copies.
func (c *memberCache) List(ctx context.Context, out client.ObjectList, options ...client.ListOption) error {
	i, kind, err := c.ready(ctx, out)
	if err != nil {
		return err
	}
	var o client.ListOptions
	o.ApplyOptions(options)
	if o.Continue != "" {
		return errors.New("a cache lists all at once")
	}
	found, err := i.pick(o)
	if err != nil {
		return err
	}
	objects := make([]runtime.Object, 0, len(found))
	for _, object := range found {
		if o.Limit > 0 && int64(len(objects)) == o.Limit {
			break
		}
		taken := object.DeepCopyObject()
		taken.GetObjectKind().SetGroupVersionKind(kind)
		objects = append(objects, taken)
	}
	if err := meta.SetList(out, objects); err != nil {
		return fmt.Errorf("making a list: %w", err)
	}
	return nil
}

// pick returns the objects that are asked for.
func (i *informer) pick(o client.ListOptions) ([]client.Object, error) {
	found, err := i.in(o.Namespace)
	if err != nil {
		return nil, err
	}
	if o.FieldSelector != nil {
		for _, r := range o.FieldSelector.Requirements() {
			if err := i.narrow(found, r); err != nil {
				return nil, err
			}
		}
	}
	var picked []client.Object
	for _, object := range found {
		if o.LabelSelector == nil || o.LabelSelector.Matches(labels.Set(object.GetLabels())) {
			picked = append(picked, object)
		}
	}
	return picked, nil
}

// narrow leaves of what was found the objects whose indexed field has a value.
func (i *informer) narrow(found map[client.ObjectKey]client.Object, r fields.Requirement) error {
	if r.Operator != operators.Equals && r.Operator != operators.DoubleEquals {
		return fmt.Errorf("a cache can't look for %s%s%s", r.Field, r.Operator, r.Value)
	}
	keys, err := i.store.IndexKeys(fieldIndex(r.Field), r.Value)
	if err != nil {
		return fmt.Errorf("looking for the field %s: %w", r.Field, err)
	}
	fit := map[string]bool{}
	for _, key := range keys {
		fit[key] = true
	}
	for name := range found {
		if !fit[name.String()] {
			delete(found, name)
		}
	}
	return nil
}

// IndexField implements client.FieldIndexer.
func (c *memberCache) IndexField(_ context.Context, object client.Object, field string, extract client.IndexerFunc) error {
	kind, err := c.kindOf(object)
	if err != nil {
		return err
	}
	i, _, err := c.informer(kind)
	if err != nil {
		return err
	}
	return i.AddIndexers(toolscache.Indexers{fieldIndex(field): func(object any) ([]string, error) {
		one, ok := object.(client.Object)
		if !ok {
			return nil, fmt.Errorf("%T is no object", object)
		}
		return extract(one), nil
	}})
}

func fieldIndex(field string) string { return "field:" + field }
