package github

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bradleyfalzon/ghinstallation/v2"
	"golang.org/x/sync/singleflight"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
	"github.com/argoproj-labs/commit-status-hub/ratelimit"
)

// maxToken is the longest answer to a request for a token that is read: the
// repositories of the installation are in it too.
const maxToken = 10 << 20

// tokens authenticates requests as an installation. It asks ghinstallation for
// the token, by one request however many wait for it, and each waits no longer
// than its own deadline.
type tokens struct {
	account *account
	number  int64
	paid    http.RoundTripper
	asking  singleflight.Group

	mu      sync.Mutex
	current *source
}

// source is where tokens come from until another one is asked for.
type source struct {
	*ghinstallation.Transport
	// minted is when GitHub made its last token, in nanoseconds of Unix time.
	minted atomic.Int64
}

func newTokens(a *account, number int64, paid http.RoundTripper) *tokens {
	t := &tokens{account: a, number: number, paid: paid}
	t.current = t.fresh()
	return t
}

// RoundTrip sends a request with the installation's token.
func (t *tokens) RoundTrip(req *http.Request) (*http.Response, error) {
	from, token, err := t.token(req.Context(), t.source())
	if err != nil {
		if req.Body != nil {
			_ = req.Body.Close()
		}
		return nil, err
	}
	at := attemptOf(req.Context())
	minted := time.Unix(0, from.minted.Load())
	req = traced(req.Clone(req.Context()), at)
	req.Header.Set("Authorization", "token "+token)
	resp, err := t.paid.RoundTrip(req)
	var failed *providers.Error
	if errors.As(err, &failed) {
		t.relied(failed, at.question, minted)
	}
	return resp, err
}

// relied notes on a refusal what the request relied on: that a repository is refused is
// about the installation, if that was found, and all else about the token.
func (t *tokens) relied(failed *providers.Error, q question, minted time.Time) {
	switch {
	case failed.Refused == providers.RefusedNothing:
	case failed.Reason != v1alpha1.ReasonRepoNotFound:
		failed.Relied, failed.Learned = providers.FactToken, minted
	case t.account.given == 0:
		failed.Relied, failed.Learned = providers.FactInstallation, t.account.foundAt(ownerOf(q.repository))
	}
}

// source returns where the tokens of now come from.
func (t *tokens) source() *source {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.current
}

// token returns a token of a source that is valid. However many ask, one request is made.
func (t *tokens) token(ctx context.Context, from *source) (*source, string, error) {
	// The others that wait must not fail because the first one gives up.
	shared := context.WithoutCancel(ctx)
	done := t.asking.DoChan(fmt.Sprintf("%p", from), func() (any, error) {
		ctx, cancel := withDeadline(shared)
		defer cancel()
		token, err := from.Token(ctx)
		if err != nil {
			return "", t.account.failed(&attempt{}, err)
		}
		return token, nil
	})
	select {
	case <-ctx.Done():
		return nil, "", ctx.Err()
	case answer := <-done:
		token, _ := answer.Val.(string)
		return from, token, answer.Err
	}
}

// renew asks for another token, which takes the place of the current one.
func (t *tokens) renew(ctx context.Context) error {
	next := t.fresh()
	if _, _, err := t.token(ctx, next); err != nil {
		return t.account.failed(&attempt{}, err)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.current = next
	return nil
}

func (t *tokens) fresh() *source {
	s := &source{}
	s.Transport = ghinstallation.NewFromAppsTransport(t.account.signed(asking{t, s}), t.number)
	return s
}

// asking sends the request for a token. It is free, since the slot at hand was
// taken for the write that needs the token, and GitHub counts it for the App.
type asking struct {
	*tokens
	source *source
}

// RoundTrip sends the request and sees to it that the answer holds a token:
// ghinstallation takes it as it comes.
func (t asking) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx, _ := t.account.begin(req.Context(), question{operation: opCreateToken, installation: t.number})
	req = req.Clone(req.Context())
	req.Header.Set(apiVersionHeader, apiVersion)
	resp, err := t.paid.RoundTrip(req.WithContext(ratelimit.WithoutBudget(ctx)))
	if err != nil {
		return nil, t.installationRefused(err)
	}
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxToken))
	_ = resp.Body.Close()
	if err != nil {
		return nil, err
	}
	var made struct {
		Token     string    `json:"token"`
		ExpiresAt time.Time `json:"expires_at"`
	}
	if json.Unmarshal(text, &made) != nil || resp.StatusCode != http.StatusCreated || made.Token == "" || made.ExpiresAt.IsZero() {
		return nil, providers.Errorf(v1alpha1.ReasonUnavailable,
			"GitHub's answer to the request for a token is not understood (status %d)", resp.StatusCode)
	}
	t.source.minted.Store(t.account.clock.Now().UnixNano())
	// ghinstallation compares it with the local clock, which may be wrong.
	made.ExpiresAt = time.Now().Add(made.ExpiresAt.Sub(t.account.remote.now()))
	// ghinstallation decodes all that GitHub reports about a token, such as each repository.
	if text, err = json.Marshal(made); err != nil {
		return nil, err
	}
	resp.Body = io.NopCloser(bytes.NewReader(text))
	return resp, nil
}

// installationRefused notes on a refusal that it is about the installation, if that was found.
func (t asking) installationRefused(err error) error {
	var failed *providers.Error
	if errors.As(err, &failed) && failed.Refused == providers.RefusedInstallation && t.account.given == 0 {
		failed.Relied, failed.Learned = providers.FactInstallation, t.account.installationFoundAt(t.number)
	}
	return err
}
