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
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/util/retry"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const (
	// renewInterval is the time between two looks at all tokens, and so the least between
	// two attempts to renew one.
	renewInterval = time.Minute
	// shortestToken is the least that the API server grants (TokenRequestSpec).
	shortestToken = 10 * time.Minute
)

// The reasons of events about a token.
const (
	ReasonTokenRenewed       = "TokenRenewed"
	ReasonTokenRenewalFailed = "TokenRenewalFailed"
)

// errTokenReplaced means that the member's Secret is gone, or holds another kubeconfig
// than the one whose token was to be renewed.
var errTokenReplaced = errors.New("the Secret has been replaced")

// renewer renews each ServiceAccount token that has half of its life behind it, on the
// leader, by a TokenRequest in the member. The new token lives as long as the one before
// and is stored in the Secret: every replica takes it from there, without a new watch.
// Tokens that are no ServiceAccount's, or that never end, are left alone.
type renewer struct {
	provider *Provider
	client   client.Client
	// reader bypasses the cache: no token is requested for a Secret that was replaced.
	reader client.Reader
}

// NeedLeaderElection reports whether it runs on the leader only. It does: one new token is
// enough.
func (*renewer) NeedLeaderElection() bool { return true }

// Start renews tokens until ctx ends. Members do not wait for each other.
func (r *renewer) Start(ctx context.Context) error {
	ticker := r.provider.options.Clock.NewTicker(renewInterval)
	defer ticker.Stop()
	var requests sync.WaitGroup
	defer requests.Wait()
	for ctx.Err() == nil {
		for _, m := range r.provider.snapshot() {
			if current, due := m.tokenDue(); due && m.renewing.CompareAndSwap(false, true) {
				began := r.provider.options.Clock.Now()
				requests.Go(func() {
					defer m.renewing.Store(false)
					until, err := r.renew(ctx, current)
					m.noteRenewal(current, began, until, err)
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
	w, _ := m.reported()
	current := m.engaged()
	if w.secret == nil || current == nil || current.desired.fingerprint != w.fingerprint {
		return nil, false
	}
	claims, ok := ReadToken(w.access.BearerToken)
	if !ok || claims.Name == "" || claims.Expiry.IsZero() || claims.IssuedAt.IsZero() {
		return nil, false
	}
	now := m.provider.options.Clock.Now()
	m.mu.Lock()
	defer m.mu.Unlock()
	return current, claims.due(now) && m.renewals.allowed(now)
}

// renew requests a token like the one that is in use and stores it in the member's Secret.
// It returns when the new one ends. Nothing is requested for a Secret that cannot be
// stored into: the API server of the hub is asked first, by a dry run.
func (r *renewer) renew(ctx context.Context, e *engagement) (until time.Time, err error) {
	old, _ := ReadToken(e.desired.access.BearerToken)
	if err := r.store(ctx, e.desired, "dry-run", client.DryRunAll); err != nil {
		return time.Time{}, err
	}
	token, err := requestToken(ctx, e.connection, old)
	if err != nil {
		return time.Time{}, err
	}
	renewed, err := vetRenewed(old, token, r.provider.options.Clock.Now())
	if err != nil {
		return time.Time{}, err
	}
	if err := r.probe(ctx, e.desired, token); err != nil {
		return time.Time{}, fmt.Errorf("trying the new token: %w", err)
	}
	return renewed.Expiry, r.store(ctx, e.desired, token)
}

// requestToken asks a member for a token that lives as long as old.
func requestToken(ctx context.Context, c *connection, old TokenClaims) (string, error) {
	set, err := kubernetes.NewForConfigAndClient(c.config, c.client)
	if err != nil {
		return "", fmt.Errorf("making a client: %w", err)
	}
	life := max(old.Expiry.Sub(old.IssuedAt), shortestToken)
	request := &authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{ExpirationSeconds: new(int64(life.Seconds()))}}
	made, err := set.CoreV1().ServiceAccounts(old.Namespace).CreateToken(asCheck(ctx), old.Name, request, metav1.CreateOptions{})
	if err != nil {
		return "", err
	}
	return made.Status.Token, nil
}

// probe finds out whether a member accepts a token, by a connection of its own.
func (r *renewer) probe(ctx context.Context, w desired, token string) error {
	access := rest.CopyConfig(w.access)
	access.BearerToken = token
	c, err := dial(access, r.provider.deadlines)
	if err != nil {
		return err
	}
	defer c.close()
	_, err = check(ctx, c, r.provider.codec(), w.namespaces)
	return err
}

// store replaces the token in a member's Secret. It returns errTokenReplaced where the
// Secret is not the one that w was read from, or holds another kubeconfig.
func (r *renewer) store(ctx context.Context, w desired, token string, options ...client.PatchOption) error {
	options = append(options, client.FieldOwner(userAgent))
	// The announcer may annotate the Secret between the read and the patch.
	err := retry.RetryOnConflict(retry.DefaultRetry, func() error {
		secret := &corev1.Secret{}
		err := r.reader.Get(ctx, types.NamespacedName{Namespace: w.secret.Namespace, Name: w.secret.Name}, secret)
		switch {
		case apierrors.IsNotFound(err):
			return errTokenReplaced
		case err != nil:
			return fmt.Errorf("reading Secret %s: %w", w.secret.Name, err)
		case secret.UID != w.secret.UID, secret.DeletionTimestamp != nil, desiredOf(secret).fingerprint != w.fingerprint:
			return errTokenReplaced
		}
		patch, err := tokenPatch(secret, token)
		if err != nil {
			return err
		}
		if err := r.client.Patch(ctx, secret, patch, options...); err != nil {
			return fmt.Errorf("patching Secret %s: %w", w.secret.Name, err)
		}
		return nil
	})
	if apierrors.IsNotFound(err) {
		return errTokenReplaced
	}
	return err
}

// tokenPatch replaces the token in a Secret as it was read.
func tokenPatch(secret *corev1.Secret, token string) (client.Patch, error) {
	kubeconfig, err := withToken(secret.Data[KubeconfigKey], token)
	if err != nil {
		return nil, err
	}
	body, err := json.Marshal(map[string]any{
		"metadata": map[string]any{"uid": secret.UID, "resourceVersion": secret.ResourceVersion},
		"data":     map[string][]byte{KubeconfigKey: kubeconfig},
	})
	if err != nil {
		return nil, errors.New("the kubeconfig cannot be encoded")
	}
	return client.RawPatch(types.MergePatchType, body), nil
}

// withToken returns a kubeconfig with another token for its current user. Its errors
// repeat nothing of the kubeconfig.
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
