package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/bradleyfalzon/ghinstallation/v2"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/kubeconfigs"
	"github.com/argoproj-labs/commit-status-hub/test/clusters"
	"github.com/argoproj-labs/commit-status-hub/test/scm/github"
)

const (
	namespace = "commit-status-system"
	appID     = 1
	// hubInstallation is what the hub writes by, and floorInstallation what a floor does.
	hubInstallation, floorInstallation = 2, 3
	// apiServers is how many API servers all members share.
	apiServers = 2
	// perCommit is how many statuses one commit has.
	perCommit = 10
)

// world is a hub's cluster, API servers for members, and a fake GitHub without limits.
type world struct {
	program    string
	hubCluster *clusters.Cluster
	servers    []*clusters.Cluster
	scm        *github.Server
	pem        []byte
	hub        *hubProcess
}

func newWorld(ctx context.Context, program string) (*world, error) {
	w := &world{program: program, scm: github.New(github.WithLimits(github.Limits{RequestsPerHour: 1_000_000_000}))}
	for range apiServers + 1 {
		c, err := clusters.Start(context.WithoutCancel(ctx))
		if err != nil {
			return w, err
		}
		w.servers = append(w.servers, c)
	}
	w.hubCluster, w.servers = w.servers[0], w.servers[1:]
	w.pem = w.scm.AddApp(appID)
	w.scm.Install(appID, hubInstallation, "acme")
	w.scm.Install(appID, floorInstallation, "floor")
	err := w.createAll(ctx, w.hubCluster,
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}},
		&corev1.Secret{ObjectMeta: in(namespace, "acme"), Data: map[string][]byte{"privateKey": w.pem}},
		&v1alpha1.ScmProvider{ObjectMeta: in(namespace, "acme"), Spec: v1alpha1.ScmProviderSpec{
			GitHub:    &v1alpha1.GitHubSpec{APIURL: v1alpha1.APIURL(w.scm.URL()), AppID: appID, InstallationID: hubInstallation},
			SecretRef: v1alpha1.ObjectReference{Name: "acme"},
			Grants:    []v1alpha1.Grant{{Clusters: []v1alpha1.Pattern{"*"}, Repositories: []v1alpha1.Pattern{"acme/*"}}},
			Drift:     v1alpha1.Drift{Interval: "0s"},
			RateLimit: &v1alpha1.RateLimit{
				RequestsPerHour: ptr.To[int64](0), RequestsPerMinute: ptr.To[int64](0), PointsPerMinute: ptr.To[int64](0),
				WritesPerMinute: ptr.To[int64](0), WritesPerHour: ptr.To[int64](0), MaxInFlight: ptr.To[int64](0),
			},
		}})
	return w, err
}

// close ends all that the world has started.
func (w *world) close() {
	w.stopHub()
	w.scm.Close()
	for _, c := range append(w.servers, w.hubCluster) {
		if c != nil {
			_ = c.Stop()
		}
	}
}

func (w *world) createAll(ctx context.Context, c *clusters.Cluster, objects ...client.Object) error {
	for _, object := range objects {
		if err := c.Client.Create(ctx, object); err != nil {
			return fmt.Errorf("creating %T %s: %w", object, object.GetName(), err)
		}
	}
	return nil
}

// ensureAll creates what is not there yet.
func (w *world) ensureAll(ctx context.Context, c *clusters.Cluster, objects ...client.Object) error {
	for _, object := range objects {
		if err := client.IgnoreAlreadyExists(c.Client.Create(ctx, object)); err != nil {
			return fmt.Errorf("creating %T %s: %w", object, object.GetName(), err)
		}
	}
	return nil
}

func in(namespace, name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Namespace: namespace, Name: name}
}

// server is the API server that a member shares with others.
func (w *world) server(member int) *clusters.Cluster { return w.servers[member%len(w.servers)] }

// memberName is a member's name, and that of its namespace in its API server.
func memberName(member int) string { return fmt.Sprintf("member-%d", member) }

// prepare makes the namespaces of members, with a GitRepo.
func (w *world) prepare(ctx context.Context, members int) error {
	for m := range members {
		name := memberName(m)
		err := w.ensureAll(ctx, w.server(m), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}},
			&v1alpha1.GitRepo{ObjectMeta: in(name, "shop"), Spec: v1alpha1.GitRepoSpec{
				ScmProviderRef: v1alpha1.ObjectReference{Name: "acme"}, Repository: "acme/shop",
			}})
		if err != nil {
			return err
		}
	}
	return nil
}

// join makes the Secrets by which the hub finds members.
func (w *world) join(ctx context.Context, members int) error {
	for m := range members {
		secret := &corev1.Secret{ObjectMeta: in(namespace, memberName(m)), Data: map[string][]byte{kubeconfigs.KubeconfigKey: w.server(m).Kubeconfig()}}
		secret.Labels = map[string]string{kubeconfigs.MemberLabel: "true"}
		secret.Annotations = map[string]string{kubeconfigs.NamespacesAnnotation: memberName(m)}
		if err := w.createAll(ctx, w.hubCluster, secret); err != nil {
			return err
		}
	}
	return nil
}

// sha is the n-th commit, which GitHub has from then on.
func (w *world) sha(repository string, n int) string {
	sha := fmt.Sprintf("%040x", n+1)
	w.scm.AddCommit(repository, sha)
	return sha
}

// asInstallation is a client with the credential of an installation.
func (w *world) asInstallation(id int64) (*http.Client, error) {
	transport := &http.Transport{MaxIdleConnsPerHost: atOnce}
	signed, err := ghinstallation.New(transport, appID, id, w.pem)
	if err != nil {
		return nil, errors.Join(errors.New("making a client of GitHub"), err)
	}
	signed.BaseURL = w.scm.URL()
	return &http.Client{Transport: signed, Timeout: 30 * time.Second}, nil
}
