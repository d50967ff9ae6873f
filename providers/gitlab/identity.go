package gitlab

import (
	"context"
	"crypto/sha256"
	"strconv"
	"strings"
	"sync"
	"time"

	gl "gitlab.com/gitlab-org/api/client-go"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
	"github.com/argoproj-labs/commit-status-hub/ratelimit"
)

// user is whom a token belongs to; the ID is 0 where that is not known.
type user struct {
	id   int64
	name string
}

// maxTokens is how many tokens are remembered before all are forgotten. What is
// forgotten is asked for again.
const maxTokens = 1000

// users remembers whose tokens are, for accounts that are opened anew.
type users struct {
	mu sync.Mutex
	// byToken is what GitLab said, by a digest of host and token.
	byToken map[[sha256.Size]byte]user
	// byProvider is whom the last token of each ScmProvider belonged to, by host and
	// name: most likely the next one does too.
	byProvider map[string]user
}

func newUsers() *users {
	return &users{byToken: map[[sha256.Size]byte]user{}, byProvider: map[string]user{}}
}

func digest(host string, token secret) [sha256.Size]byte {
	return sha256.Sum256([]byte(host + "\n" + *token.text))
}

// of returns whose a token is. It is certain where GitLab said so of this token.
func (u *users) of(host, provider string, token secret) (whose user, certain bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if known, ok := u.byToken[digest(host, token)]; ok {
		return known, true
	}
	return u.byProvider[host+"/"+provider], false
}

func (u *users) learn(host, provider string, token secret, whose user) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if len(u.byToken) >= maxTokens {
		clear(u.byToken)
	}
	u.byToken[digest(host, token)], u.byProvider[host+"/"+provider] = whose, whose
}

// recorded is whom a ScmProvider's token belonged to when its budgets were recorded
// last, by this process or the one before it.
func recorded(host string, records []v1alpha1.Installation) user {
	var last user
	var at time.Time
	for _, r := range records {
		number, ok := strings.CutPrefix(r.ID, host+"/user/")
		id, err := strconv.ParseInt(number, 10, 64)
		if !ok || err != nil || id <= 0 {
			continue
		}
		if last.id == 0 || r.ObservedAt != nil && r.ObservedAt.After(at) {
			last = user{id: id, name: r.Account}
			if r.ObservedAt != nil {
				at = r.ObservedAt.Time
			}
		}
	}
	return last
}

// identify asks GitLab whose the token is, in one request however many wait for the
// answer, once in the account's life.
func (a *account) identify(ctx context.Context) error {
	if _, certain := a.identity(); certain {
		return nil
	}
	ctx, cancel := withDeadline(ctx)
	defer cancel()
	// The others that wait must not fail because the first one gives up.
	shared := context.WithoutCancel(ctx)
	done := a.asking.DoChan("", func() (any, error) {
		ctx, cancel := withDeadline(shared)
		defer cancel()
		return nil, a.ask(ctx)
	})
	select {
	case <-ctx.Done():
		return a.failed(&attempt{}, ctx.Err())
	case answer := <-done:
		return answer.Err
	}
}

// ask makes the request, at the cost of the user that is supposed. Where that was
// wrong, the right user's budget takes in what the answer says of it.
func (a *account) ask(ctx context.Context) error {
	if _, certain := a.identity(); certain {
		return nil
	}
	supposed := a.lane()
	api, err := a.newClient(supposed)
	if err != nil {
		return a.failed(&attempt{}, err)
	}
	ctx, at := a.begin(ctx, question{operation: opUser})
	found, _, err := api.Users.CurrentUser(gl.WithContext(ctx))
	if err == nil && (found == nil || found.ID <= 0) {
		err = providers.ErrNotUnderstood
	}
	if err != nil {
		return a.failed(at, err)
	}
	if err := a.known(user{id: found.ID, name: found.Username}); err != nil {
		return a.failed(at, err)
	}
	if lane := a.lane(); lane != supposed {
		now := a.clock.Now()
		a.installations.Get(lane).Bucket().Observe(now, ratelimit.Budget(at.header, now))
	}
	return nil
}
