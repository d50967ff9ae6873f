package kubeconfigs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const (
	// renewInterval is the time between two looks at all tokens, and so between two
	// tries to renew one.
	renewInterval = time.Minute
	// shortestToken is the least that the API server grants (TokenRequestSpec).
	shortestToken = 10 * time.Minute
)

// The reasons of events about a token.
const (
	ReasonTokenRenewed       = "TokenRenewed"
	ReasonTokenRenewalFailed = "TokenRenewalFailed"
)

// errTokenReplaced is that somebody else has put another token into the Secret.
var errTokenReplaced = errors.New("the Secret has another token by now")

// renewer has members give the hub a new token for each that has half of its life
// behind it, on the leader. The new one is for as long as the one before, and goes into
// the Secret: every replica takes it from there, without a new watch. Tokens that are no
// ServiceAccount's, or that never end, are left alone.
type renewer struct {
	provider *Provider
	client   client.Client
}

// NeedLeaderElection is true: one new token is enough.
func (*renewer) NeedLeaderElection() bool { return true }

// Start renews tokens until ctx ends. Members do not wait for each other.
func (r *renewer) Start(ctx context.Context) error {
	ticker := r.provider.options.Clock.NewTicker(renewInterval)
	defer ticker.Stop()
	var asking sync.WaitGroup
	defer asking.Wait()
	for ctx.Err() == nil {
		for _, m := range r.provider.snapshot() {
			if current, due := m.tokenDue(); due && m.renewing.CompareAndSwap(false, true) {
				asking.Go(func() {
					defer m.renewing.Store(false)
					m.tellRenewal(r.renew(ctx, current))
				})
			}
		}
		select {
		case <-ctx.Done():
		case <-ticker.C():
		}
	}
	return nil
}

// tokenDue returns the engagement whose token should be renewed now.
func (m *member) tokenDue() (*engagement, bool) {
	w, _ := m.told()
	current := m.engaged()
	if w.secret == nil || current == nil || current.wish.print != w.print {
		return nil, false
	}
	claims, ok := ReadToken(w.access.BearerToken)
	if !ok || claims.Name == "" || claims.Expiry.IsZero() || claims.IssuedAt.IsZero() {
		return nil, false
	}
	half := claims.IssuedAt.Add(claims.Expiry.Sub(claims.IssuedAt) / 2)
	return current, !m.provider.options.Clock.Now().Before(half)
}

// renew asks a member for a token like the one that is in use, and keeps it in the
// member's Secret. It returns when the new one ends.
func (r *renewer) renew(ctx context.Context, e *engagement) (until time.Time, err error) {
	claims, _ := ReadToken(e.wish.access.BearerToken)
	set, err := kubernetes.NewForConfigAndClient(e.connection.config, e.connection.client)
	if err != nil {
		return time.Time{}, fmt.Errorf("making a client: %w", err)
	}
	life := max(claims.Expiry.Sub(claims.IssuedAt), shortestToken)
	request := &authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{ExpirationSeconds: new(int64(life.Seconds()))}}
	made, err := set.CoreV1().ServiceAccounts(claims.Namespace).CreateToken(asCheck(ctx), claims.Name, request, metav1.CreateOptions{})
	if err != nil {
		return time.Time{}, err
	}
	if made.Status.Token == "" {
		return time.Time{}, errors.New("the member gave none")
	}
	return made.Status.ExpirationTimestamp.Time, r.keep(ctx, e.wish, made.Status.Token)
}

// keep puts a token into the place of the one before, unless somebody else did so.
func (r *renewer) keep(ctx context.Context, w wish, token string) error {
	secret := &corev1.Secret{}
	if err := r.client.Get(ctx, types.NamespacedName{Namespace: w.secret.Namespace, Name: w.secret.Name}, secret); err != nil {
		return fmt.Errorf("reading Secret %s: %w", w.secret.Name, err)
	}
	if secret.UID != w.secret.UID || wishOf(secret).print != w.print {
		return errTokenReplaced
	}
	kubeconfig, err := withToken(secret.Data[KubeconfigKey], token)
	if err != nil {
		return err
	}
	body, err := json.Marshal(map[string]any{
		"metadata": map[string]any{"uid": secret.UID, "resourceVersion": secret.ResourceVersion},
		"data":     map[string][]byte{KubeconfigKey: kubeconfig},
	})
	if err != nil {
		return errors.New("the kubeconfig cannot be encoded")
	}
	err = r.client.Patch(ctx, secret, client.RawPatch(types.MergePatchType, body), client.FieldOwner(userAgent))
	if apierrors.IsConflict(err) {
		return errTokenReplaced
	}
	if err != nil {
		return fmt.Errorf("patching Secret %s: %w", w.secret.Name, err)
	}
	return nil
}

// withToken is a kubeconfig whose current user has another token. Nothing of it is
// repeated in errors.
func withToken(kubeconfig []byte, token string) ([]byte, error) {
	file, err := clientcmd.Load(kubeconfig)
	if err != nil {
		return nil, errors.New("the Secret holds no kubeconfig any more")
	}
	_, user, err := current(file)
	if err != nil {
		return nil, err
	}
	user.Token = token
	out, err := clientcmd.Write(*file)
	if err != nil {
		return nil, errors.New("the kubeconfig cannot be written")
	}
	return out, nil
}

// tellRenewal notes how a renewal went. Log and event are for changes only.
func (m *member) tellRenewal(until time.Time, err error) {
	p := m.provider
	if errors.Is(err, errTokenReplaced) || errors.Is(err, context.Canceled) {
		return
	}
	health := Health{Reason: ReasonTokenRenewed, Message: "until " + until.UTC().Format(time.RFC3339)}
	problem := ""
	if err != nil {
		problem = printable("the token cannot be renewed: " + err.Error())
		health = Health{Reason: ReasonTokenRenewalFailed, Message: problem}
	}
	m.mu.Lock()
	changed := err == nil || m.health.RenewalError == ""
	m.health.RenewalError = problem
	secret := m.wish.secret
	m.mu.Unlock()
	if !changed {
		return
	}
	p.options.Log.Info("member's token", "cluster", m.name, "reason", health.Reason, "message", health.Message)
	p.record(secret, health)
	p.news()
}
