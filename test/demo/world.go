package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/argoproj-labs/commit-status-hub/test/clusters"
	"github.com/argoproj-labs/commit-status-hub/test/scm/github"
	"github.com/argoproj-labs/commit-status-hub/test/scm/gitlab"
)

const (
	namespace  = "commit-status-system"
	account    = "commit-status-hub"
	team       = "team-a"
	repository = "acme/shop"
	owner      = "acme"

	appID          = 12345
	installationID = 678

	// handbook is a project on GitLab, and bot the user whose token the hub has there.
	handbook = "acme/handbook"
	bot      = "project-bot"

	// mainSHA and laterSHA are the commits in the manifests; the latter is
	// pushed in the course of the demo.
	mainSHA  = "9f2c1e7ab04d5836f1e9c7720d4ba6385e13fc09"
	laterSHA = "37d8e04c95ab126f7b3e0dd1c2f94a86e05b7c1d"
	// branchSHA and nextSHA are two commits of a branch, one after the other.
	branchSHA = "c41d09aa6e27b3f8850d1e94f7ac3b62d8e5f017"
	nextSHA   = "e8a2f6134b90cd57e12f0b3d9964ca708f5d1b2e"
	// handbookSHA is the commit on GitLab.
	handbookSHA = "5b0e6c27f1d94a83be62c0a7d85f3e19c4706b2d"

	// tokenLife is longer than anybody watches a demo.
	tokenLife = 24 * time.Hour
)

// member is a cluster with the names that it goes by.
type member struct {
	*clusters.Cluster
	// context is its name in the kubeconfig, name the one that the hub knows it by.
	context, name string
}

// world is all that takes part.
type world struct {
	*programs
	hubCluster, eu, us *member
	github             *github.Server
	gitlab             *gitlab.Server
	appKey             []byte
	botToken           string
	hub                *process
	// page is where the hub serves the fleet page.
	page string
}

// all returns the clusters, in the order in which they are shown.
func (w *world) all() []*member { return []*member{w.eu, w.us, w.hubCluster} }

// newWorld starts the clusters and the SCMs.
func newWorld(ctx context.Context, p *programs) (*world, error) {
	w := &world{
		programs:   p,
		hubCluster: &member{context: "hub", name: "local"},
		eu:         &member{context: "prod-eu", name: "prod-eu"},
		us:         &member{context: "prod-us", name: "prod-us"},
		github:     github.New(),
		gitlab:     gitlab.New(),
	}
	w.appKey = w.github.AddApp(appID)
	w.github.Install(appID, installationID, owner)
	w.github.AddRepo(repository, mainSHA, branchSHA, nextSHA)
	w.gitlab.AddUser(bot)
	w.botToken = w.gitlab.AddToken(bot)
	w.gitlab.AddProject(handbook, handbookSHA)
	w.gitlab.AddMember(handbook, bot, gitlab.Developer)

	var err error
	if w.page, err = freeAddress(); err != nil {
		return nil, errors.Join(err, w.stop())
	}
	begun := time.Now()
	starting := errgroup.Group{}
	for _, m := range w.all() {
		starting.Go(func() (err error) {
			m.Cluster, err = clusters.Start(ctx)
			return err
		})
	}
	if err := starting.Wait(); err != nil {
		return nil, errors.Join(err, w.stop())
	}
	if err := w.writeKubeconfig(); err != nil {
		return nil, errors.Join(err, w.stop())
	}
	fmt.Printf(`
  clusters   hub, prod-eu and prod-us: real API servers, up in %s
  GitHub     a strict fake at %s, with App %d installed for %s
  GitLab     a strict fake at %s, with a token of %s's
  files      %s

To look around with kubectl in another terminal:
  export KUBECONFIG=%s
Once the hub runs, its fleet page shows what is where, and why: http://%s
`, time.Since(begun).Round(100*time.Millisecond), w.github.URL(), appID, owner, w.gitlab.URL(), bot, w.dir, w.kubeconfig(), w.page)
	return w, nil
}

// stop ends everything and waits for it.
func (w *world) stop() error {
	var err error
	if w.hub != nil {
		err = w.hub.stop()
		w.hub = nil
	}
	w.github.Close()
	w.gitlab.Close()
	stopping := errgroup.Group{}
	for _, m := range w.all() {
		if m.Cluster != nil {
			stopping.Go(m.Stop)
		}
	}
	return errors.Join(err, stopping.Wait())
}

// freeAddress returns a loopback address at which nobody listens: two demos at a time have two.
func freeAddress() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("finding a free port: %w", err)
	}
	return listener.Addr().String(), listener.Close()
}

func (w *world) kubeconfig() string { return filepath.Join(w.dir, "kubeconfig") }

// writeKubeconfig writes one kubeconfig with a context for each cluster.
func (w *world) writeKubeconfig() error {
	merged := clientcmdapi.NewConfig()
	for _, m := range w.all() {
		one, err := clientcmd.Load(m.Kubeconfig())
		if err != nil {
			return fmt.Errorf("reading the kubeconfig of %s: %w", m.context, err)
		}
		current := one.Contexts[one.CurrentContext]
		merged.Clusters[m.context] = one.Clusters[current.Cluster]
		merged.AuthInfos[m.context] = one.AuthInfos[current.AuthInfo]
		merged.Contexts[m.context] = &clientcmdapi.Context{Cluster: m.context, AuthInfo: m.context}
	}
	merged.CurrentContext = w.hubCluster.context
	return clientcmd.WriteToFile(*merged, w.kubeconfig())
}

// install applies what a base in deploy/ has besides CRDs, which the control
// planes bring, and the hub's Deployment, for which there is no node.
func (w *world) install(ctx context.Context, m *member, base string, files ...string) error {
	for _, file := range files {
		text, err := os.ReadFile(filepath.Join(w.root, "deploy", base, file))
		if err != nil {
			return err
		}
		if err := m.apply(ctx, "", string(text)); err != nil {
			return err
		}
	}
	return nil
}

// namespaceOf is the manifest of a namespace.
func namespaceOf(name string) string {
	return fmt.Sprintf("{apiVersion: v1, kind: Namespace, metadata: {name: %s}}", name)
}

// access returns a kubeconfig of the account that the hub has in a cluster.
func (m *member) access(ctx context.Context) ([]byte, error) {
	seconds := int64(tokenLife.Seconds())
	request := &authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{ExpirationSeconds: &seconds}}
	subject := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: account}}
	if err := m.Client.SubResource("token").Create(ctx, subject, request); err != nil {
		return nil, fmt.Errorf("requesting a token in %s: %w", m.context, err)
	}
	return m.KubeconfigFor(&rest.Config{BearerToken: request.Status.Token}), nil
}

// startHub starts the hub with the rights that deploy/hub gives it.
func (w *world) startHub(ctx context.Context) error {
	kubeconfig := filepath.Join(w.dir, "hub.kubeconfig")
	text, err := w.hubCluster.access(ctx)
	if err != nil {
		return err
	}
	if err := os.WriteFile(kubeconfig, text, 0o600); err != nil {
		return fmt.Errorf("writing the hub's kubeconfig: %w", err)
	}
	w.hub, err = startProcess(filepath.Join(w.dir, "hub.log"), w.programs.hub, "run",
		"--kubeconfig="+kubeconfig, "--namespace="+namespace,
		"--metrics-bind-address=0", "--health-probe-bind-address=0", "--web-bind-address="+w.page)
	return err
}
