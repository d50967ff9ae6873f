package chaos

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httputil"
	"net/url"
	"slices"
	"sync/atomic"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/test/clusters"
	"github.com/argoproj-labs/commit-status-hub/test/faults"
)

const (
	// team is the namespace of all that a member's users make.
	team = "team"
	// tokenLife is more than a run takes.
	tokenLife = 24 * time.Hour
	// lags is how long ago what the hub goes by may have been true, of one kind of
	// object and not of another.
	lags = 2 * time.Minute
)

// member is a member cluster, its users, and the front through which the hub reaches it.
type member struct {
	name    string
	cluster *clusters.Cluster
	front   *faults.Front
	asked   *asked
	work    *work
	// specs and repositories are what was asked for lately, by object and by GitRepo.
	specs        map[string][]lately[v1alpha1.CommitStatusSpec]
	repositories map[string][]lately[string]

	// failed counts answers that did not come, or not as a whole, and unauthorized those to
	// a token that is none.
	failed, unauthorized atomic.Int64
	// authority is the certificate that the front is known by, and bound the Secret
	// that the hub's token is good with.
	authority []byte
	bound     *corev1.Secret
	tokens    int
	token     string
}

// lately is something that is so since a time.
type lately[T any] struct {
	since time.Time
	what  T
}

// remember adds what is so from now on, and forgets what nobody can go by any more.
func remember[T any](all []lately[T], what T) []lately[T] {
	for len(all) > 1 && time.Since(all[1].since) > lags {
		all = all[1:]
	}
	return append(slices.Clip(all), lately[T]{time.Now(), what})
}

// newMember puts a front before a cluster, in which the hub has its account.
func newMember(ctx context.Context, name string, c *clusters.Cluster, work *work, asked *asked) (*member, error) {
	m := &member{
		name: name, cluster: c, asked: asked, work: work,
		specs: map[string][]lately[v1alpha1.CommitStatusSpec]{}, repositories: map[string][]lately[string]{},
	}
	if _, err := c.MemberAccount(ctx); err != nil {
		return nil, err
	}
	proxy, err := m.proxy()
	if err != nil {
		return nil, err
	}
	m.front = faults.NewFront(proxy)
	m.trust(m.front.Server.Certificate())
	if err := c.Client.Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: team}}); err != nil {
		return nil, fmt.Errorf("making the namespace: %w", err)
	}
	for _, p := range work.providers {
		repo := &v1alpha1.GitRepo{ObjectMeta: in(team, p.Name), Spec: v1alpha1.GitRepoSpec{
			ScmProviderRef: v1alpha1.ObjectReference{Name: p.Name}, Repository: p.Repositories[0],
		}}
		if err := c.Client.Create(ctx, repo); err != nil {
			return nil, fmt.Errorf("making a GitRepo: %w", err)
		}
		m.repositories[p.Name] = remember(nil, p.Repositories[0])
	}
	if err := m.newToken(ctx); err != nil {
		return nil, err
	}
	return m, nil
}

// proxy passes requests on with the credentials that they have.
func (m *member) proxy() (http.Handler, error) {
	target, _, err := rest.DefaultServerUrlFor(m.cluster.Config)
	if err != nil {
		return nil, fmt.Errorf("finding a member: %w", err)
	}
	transport, err := rest.TransportFor(rest.AnonymousClientConfig(m.cluster.Config))
	if err != nil {
		return nil, fmt.Errorf("reaching a member: %w", err)
	}
	proxy := &httputil.ReverseProxy{
		Transport:     transport,
		FlushInterval: -1,
		ErrorLog:      log.New(io.Discard, "", 0),
		Rewrite:       func(r *httputil.ProxyRequest) { r.SetURL(&url.URL{Scheme: target.Scheme, Host: target.Host}) },
		ModifyResponse: func(answer *http.Response) error {
			if answer.StatusCode == http.StatusUnauthorized {
				m.unauthorized.Add(1)
			}
			return nil
		},
		ErrorHandler: func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
	}
	return http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		defer func() {
			if broken := recover(); broken != nil {
				m.failed.Add(1)
				panic(broken)
			}
		}()
		proxy.ServeHTTP(out, r)
	}), nil
}

// trust makes a certificate the one that the front is known by.
func (m *member) trust(certificate *x509.Certificate) {
	m.authority = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate.Raw})
}

// newToken has a token made for the hub that is good as long as a Secret is there.
func (m *member) newToken(ctx context.Context) error {
	m.tokens++
	m.bound = &corev1.Secret{ObjectMeta: in(namespace, fmt.Sprintf("hub-%d", m.tokens))}
	if err := m.cluster.Client.Create(ctx, m.bound); err != nil {
		return fmt.Errorf("making what a token is bound to: %w", err)
	}
	var err error
	m.token, err = tokenOf(ctx, m.cluster, &authenticationv1.BoundObjectReference{
		APIVersion: "v1", Kind: "Secret", Name: m.bound.Name, UID: m.bound.UID,
	})
	return err
}

// kubeconfig is how the hub is to reach the member now.
func (m *member) kubeconfig() ([]byte, error) {
	return kubeconfig(m.front.Server.URL, m.authority, m.token)
}

func kubeconfig(server string, authority []byte, token string) ([]byte, error) {
	const name = "default"
	return clientcmd.Write(clientcmdapi.Config{
		Clusters:       map[string]*clientcmdapi.Cluster{name: {Server: server, CertificateAuthorityData: authority}},
		AuthInfos:      map[string]*clientcmdapi.AuthInfo{name: {Token: token}},
		Contexts:       map[string]*clientcmdapi.Context{name: {Cluster: name, AuthInfo: name}},
		CurrentContext: name,
	})
}

// do makes a change that the member's work tells, and notes it first.
func (m *member) do(ctx context.Context, act Act) error {
	m.note(act)
	return m.insist(ctx, act)
}

// insist makes a change, and tries again for as long as it takes.
func (m *member) insist(ctx context.Context, act Act) error {
	const patience = 2 * time.Minute
	var err error
	if !until(ctx, patience, func() bool {
		err = m.try(ctx, act)
		return err == nil
	}) {
		return fmt.Errorf("%s %s in %s: %w", act.Verb, act.Object, m.name, err)
	}
	return nil
}

// note says what is about to be asked for: at whatever the hub may take for the GitRepo's
// repository, and in a new repository whatever it may take for the specs.
func (m *member) note(act Act) {
	switch act.Verb {
	case "move":
		m.repositories[act.Provider] = remember(m.repositories[act.Provider], act.Repository)
		for _, specs := range m.specs {
			for _, spec := range specs {
				if spec.what.GitRepoRef.Name == act.Provider {
					m.asked.add(placeOf(act.Provider, act.Repository, spec.what), contentOf(spec.what))
				}
			}
		}
	case "create", "update":
		m.specs[act.Object] = remember(m.specs[act.Object], act.Spec)
		for _, repository := range m.repositories[act.Provider] {
			m.asked.add(placeOf(act.Provider, repository.what, act.Spec), contentOf(act.Spec))
		}
	}
}

func (m *member) try(ctx context.Context, act Act) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	cs := &v1alpha1.CommitStatus{ObjectMeta: in(team, act.Object)}
	switch act.Verb {
	case "delete":
		return client.IgnoreNotFound(m.cluster.Client.Delete(ctx, cs))
	case "create":
		cs.Spec = act.Spec
		return client.IgnoreAlreadyExists(m.cluster.Client.Create(ctx, cs))
	case "move":
		repo := &v1alpha1.GitRepo{}
		if err := m.cluster.Client.Get(ctx, client.ObjectKey{Namespace: team, Name: act.Provider}, repo); err != nil {
			return err
		}
		repo.Spec.Repository = act.Repository
		return m.cluster.Client.Update(ctx, repo)
	}
	if err := m.cluster.Client.Get(ctx, client.ObjectKeyFromObject(cs), cs); err != nil {
		return err
	}
	cs.Spec = act.Spec
	return m.cluster.Client.Update(ctx, cs)
}

// claims are the member's CommitStatuses.
func (m *member) claims(ctx context.Context) (claims []Claim, err error) {
	var repos v1alpha1.GitRepoList
	var list v1alpha1.CommitStatusList
	for _, l := range []client.ObjectList{&repos, &list} {
		if err := m.cluster.Client.List(ctx, l, client.InNamespace(team)); err != nil {
			return nil, fmt.Errorf("reading %s: %w", m.name, err)
		}
	}
	at := map[string]string{}
	for _, repo := range repos.Items {
		at[repo.Name] = repo.Spec.Repository
	}
	for _, cs := range list.Items {
		provider := cs.Spec.GitRepoRef.Name
		claims = append(claims, Claim{
			Member: m.name, Created: cs.CreationTimestamp.Time, Object: cs,
			Place: placeOf(provider, at[provider], cs.Spec),
		})
	}
	return claims, nil
}

func in(namespace, name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Namespace: namespace, Name: name}
}
