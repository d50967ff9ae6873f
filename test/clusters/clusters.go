// Package clusters starts real local control planes, kube-apiserver and etcd
// without nodes, for the tests and the demo. Nothing has to be installed: the two
// programs are downloaded on first use, or built from their Go modules.
package clusters

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"time"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/wait"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
)

// Cluster is one running control plane.
type Cluster struct {
	// Config is an administrator's access, with client certificates, or that of the
	// account that As was given.
	Config *rest.Config
	// Client reads and writes without a cache, as that administrator.
	Client client.Client

	environment *envtest.Environment
	programs    *programs
}

type options struct {
	crds  bool
	audit string
}

// Option changes what Start starts.
type Option func(*options)

// WithoutCRDs leaves this project's CRDs out; InstallCRDs can add them later.
func WithoutCRDs() Option {
	return func(o *options) { o.crds = false }
}

// startLimit bounds how long each program of a control plane, and each CRD, may take until it
// is served. On a machine that is busy, as when several control planes start at a time, that
// is many times the usual three seconds.
const startLimit = 2 * time.Minute

// Start starts one control plane with this project's CRDs. It takes about
// three seconds once the programs are built. The caller stops it.
func Start(ctx context.Context, opts ...Option) (*Cluster, error) {
	chosen := options{crds: true}
	for _, opt := range opts {
		opt(&chosen)
	}
	assets, err := Assets(ctx, os.Stderr)
	if err != nil {
		return nil, err
	}
	environment := &envtest.Environment{BinaryAssetsDirectory: assets, ControlPlaneStartTimeout: startLimit}
	if chosen.audit != "" {
		if err := audit(environment, chosen.audit); err != nil {
			return nil, err
		}
	}
	config, err := environment.Start()
	if err != nil {
		// What did start, etcd for one, would outlive the test.
		return nil, errors.Join(fmt.Errorf("starting a control plane: %w", err), environment.Stop())
	}
	cluster := &Cluster{Config: config, environment: environment, programs: &programs{started: map[string]*exec.Cmd{}}}
	if cluster.Client, err = client.New(config, client.Options{Scheme: Scheme()}); err != nil {
		return nil, errors.Join(fmt.Errorf("making a client: %w", err), cluster.Stop())
	}
	if chosen.crds {
		if err := cluster.InstallCRDs(); err != nil {
			return nil, errors.Join(err, cluster.Stop())
		}
	}
	return cluster, nil
}

// InstallCRDs installs this project's CRDs and waits until they are served.
func (c *Cluster) InstallCRDs() error {
	_, err := c.withCRDs(envtest.InstallCRDs)
	return err
}

// goneWithin bounds how long the API server takes to delete CRDs: it deletes their objects
// first, and looks whether these are gone every 5 s (apiextensions-apiserver, finalizer).
const goneWithin = time.Minute

// UninstallCRDs removes this project's CRDs, and with them their objects. It returns when
// the API server has deleted them: what is installed before that goes with them.
func (c *Cluster) UninstallCRDs() error {
	ctx, cancel := context.WithTimeout(context.Background(), goneWithin)
	defer cancel()
	_, err := c.withCRDs(func(config *rest.Config, o envtest.CRDInstallOptions) ([]*apiextensionsv1.CustomResourceDefinition, error) {
		if err := envtest.ReadCRDFiles(&o); err != nil {
			return nil, err
		}
		if err := envtest.UninstallCRDs(config, o); err != nil {
			return nil, err
		}
		for _, crd := range o.CRDs {
			if err := c.gone(ctx, crd.Name); err != nil {
				return nil, err
			}
		}
		return o.CRDs, nil
	})
	return err
}

// gone waits until a CRD does not exist.
func (c *Cluster) gone(ctx context.Context, name string) error {
	return wait.PollUntilContextCancel(ctx, 50*time.Millisecond, true, func(ctx context.Context) (bool, error) {
		err := c.Client.Get(ctx, client.ObjectKey{Name: name}, &apiextensionsv1.CustomResourceDefinition{})
		return apierrors.IsNotFound(err), client.IgnoreNotFound(err)
	})
}

func (c *Cluster) withCRDs(do func(*rest.Config, envtest.CRDInstallOptions) ([]*apiextensionsv1.CustomResourceDefinition, error)) ([]*apiextensionsv1.CustomResourceDefinition, error) {
	dir, err := modulePath("deploy", "crds")
	if err != nil {
		return nil, err
	}
	crds, err := do(c.Config, envtest.CRDInstallOptions{Paths: []string{dir}, ErrorIfPathMissing: true, MaxTime: startLimit})
	if err != nil {
		return nil, fmt.Errorf("changing the CRDs: %w", err)
	}
	return crds, nil
}

// Stop ends the control plane and waits for its processes.
func (c *Cluster) Stop() error {
	// An API server does not end well without its store.
	defer c.programs.stop()
	if err := c.environment.Stop(); err != nil {
		return fmt.Errorf("stopping a control plane: %w", err)
	}
	return nil
}

// Scheme returns a new scheme with Kubernetes' own kinds, this project's and
// CustomResourceDefinitions.
func Scheme() *runtime.Scheme {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{
		clientgoscheme.AddToScheme, v1alpha1.AddToScheme, apiextensionsv1.AddToScheme,
	} {
		if err := add(scheme); err != nil {
			panic(err) // two kinds under one name: a mistake in the code itself
		}
	}
	return scheme
}
