package onboard

import (
	"context"
	"fmt"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const (
	// fillPoll is how often a Secret that is to be filled is looked at.
	fillPoll = 100 * time.Millisecond
	// fillLimit is ten times what a busy controller takes.
	fillLimit = 30 * time.Second
)

// token gets a token of the account, and when it ends; zero for never.
func (p Plan) token(ctx context.Context, member Cluster) (string, time.Time, error) {
	if p.StaticToken {
		token, err := p.staticToken(ctx, member, fillLimit)
		return token, time.Time{}, err
	}
	seconds := int64(p.TokenDuration / time.Second)
	request := &authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{ExpirationSeconds: &seconds}}
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: p.Namespace, Name: Account}}
	if err := member.SubResource("token").Create(ctx, account, request); err != nil {
		return "", time.Time{}, fmt.Errorf("in the member: requesting a token: %w", err)
	}
	return request.Status.Token, request.Status.ExpirationTimestamp.UTC(), nil
}

// staticToken makes the Secret that the member's token controller fills, and waits
// for that.
func (p Plan) staticToken(ctx context.Context, member client.Client, limit time.Duration) (string, error) {
	if err := apply(ctx, member, p.ForceConflicts, p.tokenSecret()); err != nil {
		return "", fmt.Errorf("in the member: %w", err)
	}
	var token string
	err := wait.PollUntilContextTimeout(ctx, fillPoll, limit, true, func(ctx context.Context) (bool, error) {
		secret := &corev1.Secret{}
		if err := member.Get(ctx, client.ObjectKey{Namespace: p.Namespace, Name: tokenName}, secret); err != nil {
			return false, err
		}
		token = string(secret.Data[corev1.ServiceAccountTokenKey])
		return token != "", nil
	})
	switch {
	case wait.Interrupted(err) && ctx.Err() == nil:
		return "", fmt.Errorf("in the member: nobody put a token into Secret %s/%s within %s: does kube-controller-manager run there, "+
			"with its serviceaccount-token controller? Without --static-token it is not needed", p.Namespace, tokenName, limit)
	case err != nil:
		return "", fmt.Errorf("in the member: waiting for the token in Secret %s/%s: %w", p.Namespace, tokenName, err)
	}
	return token, nil
}
