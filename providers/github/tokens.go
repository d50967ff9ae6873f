package github

import (
	"bytes"
	"context"
	"encoding/json"
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

// source is where tokens come from until one of them is refused.
type source struct {
	*ghinstallation.Transport
	// worked is set once GitHub took one of its tokens.
	worked atomic.Bool
}

func newTokens(a *account, number int64, paid http.RoundTripper) *tokens {
	t := &tokens{account: a, number: number, paid: paid}
	t.current = t.fresh()
	return t
}

// RoundTrip sends a request with the installation's token.
func (t *tokens) RoundTrip(req *http.Request) (*http.Response, error) {
	from, token, err := t.token(req.Context())
	if err != nil {
		if req.Body != nil {
			_ = req.Body.Close()
		}
		return nil, err
	}
	at := attemptOf(req.Context())
	req = traced(req.Clone(req.Context()), at)
	req.Header.Set("Authorization", "token "+token)
	resp, err := t.paid.RoundTrip(req)
	switch {
	case err == nil:
		from.worked.Store(true)
	case at.status == http.StatusUnauthorized:
		t.drop(from)
		if from.worked.Load() {
			return nil, providers.Errorf(v1alpha1.ReasonUnavailable,
				"%s refuses a token that it took before: another one is asked for", t.account.host)
		}
	}
	return resp, err
}

// token returns a token that is valid, and what it came from.
func (t *tokens) token(ctx context.Context) (*source, string, error) {
	t.mu.Lock()
	from := t.current
	t.mu.Unlock()
	id := t.account.installationID(t.number)
	if err := t.account.refused.get(id); err != nil {
		return nil, "", err
	}
	// The others that wait must not fail because the first one gives up.
	shared := context.WithoutCancel(ctx)
	done := t.asking.DoChan("", func() (any, error) {
		ctx, cancel := withDeadline(shared)
		defer cancel()
		token, err := from.Token(ctx)
		if err != nil {
			failed := t.account.failed(&attempt{}, err)
			if failed.Reason == v1alpha1.ReasonCredentialsInvalid {
				t.account.refused.put(id, failed, refusedFor)
			}
			return "", failed
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

// drop forgets a token that GitHub refused, so that the next request asks for
// another one: it may have been revoked before its time.
func (t *tokens) drop(refused *source) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.current == refused {
		t.current = t.fresh()
	}
}

func (t *tokens) fresh() *source {
	return &source{Transport: ghinstallation.NewFromAppsTransport(t.account.signed(asking{t}), t.number)}
}

// asking sends the request for a token. It is free, since the slot at hand was
// taken for the write that needs the token, and GitHub counts it for the App.
type asking struct{ *tokens }

// RoundTrip sends the request and sees to it that the answer holds a token:
// ghinstallation takes it as it comes.
func (t asking) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx, at := t.account.begin(req.Context(), question{operation: opCreateToken, installation: t.number})
	req = req.Clone(req.Context())
	req.Header.Set(apiVersionHeader, apiVersion)
	resp, err := t.paid.RoundTrip(req.WithContext(ratelimit.WithoutBudget(ctx)))
	if err != nil {
		if at.status == http.StatusNotFound {
			t.account.forget(t.number)
		}
		return nil, err
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
	// ghinstallation decodes all that GitHub tells of a token, such as each repository.
	if text, err = json.Marshal(made); err != nil {
		return nil, err
	}
	resp.Body = io.NopCloser(bytes.NewReader(text))
	return resp, nil
}
