package gitlab

import (
	"errors"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
	"github.com/argoproj-labs/commit-status-hub/test/providercontract"
	fake "github.com/argoproj-labs/commit-status-hub/test/scm/gitlab"
)

// lane is what the account's writes wait in.
func (b *bench) lane() string {
	id, _ := b.Account.Lane(repository)
	return id
}

// laneOf is the lane of a user.
func (b *bench) laneOf(user string) string {
	host, err := b.Kind.Host(b.Provider.Spec)
	b.Expect(err).NotTo(HaveOccurred())
	return fmt.Sprintf("%s/user/%d", host, b.gitlab.AddUser(user))
}

func TestWhoseTheTokenIsIsAskedOnceForAllWhoWait(t *testing.T) {
	b := newBench(t)
	b.gitlab.Inject(fake.Fault{Match: withMethod("GET", "/user"), Delay: 50 * time.Millisecond})
	b.Expect(b.lane()).To(HaveSuffix("/token of ScmProvider acme-gitlab"))
	var wg sync.WaitGroup
	errs := make([]error, 50)
	for i := range errs {
		wg.Go(func() { _, errs[i] = b.Account.Client(b.Ctx(), repository) })
	}
	wg.Wait()
	b.Expect(errors.Join(errs...)).NotTo(HaveOccurred())
	b.Expect(providercontract.Count(b.gitlab, fake.OpGetUser)).To(Equal(1))
	id, known := b.Account.Lane("any/thing")
	b.Expect(id).To(Equal(b.laneOf(bot)))
	b.Expect(known).To(BeTrue())
	b.Expect(b.Account.Writer()).To(Equal(id))
	b.Expect(b.Installations.Get(id).Bucket().Limits().MaxInFlight).To(BeZero(), "the ScmProvider's limits are in force there")
}

func TestARotatedTokenKeepsWriterAndLane(t *testing.T) {
	b := newBench(t)
	shown := b.Step(b.Client(repository), at("x"), nil, queued)
	writer := b.Account.Writer()
	b.gitlab.AddPipeline(repository, sha, "main")

	b.Account = b.open(b.Provider, b.gitlab.AddToken(bot))
	id, known := b.Account.Lane(repository)
	b.Expect(id).To(Equal(writer), "it is taken for the same user before anybody asked")
	b.Expect(known).To(BeFalse())
	b.Expect(b.Account.Writer()).To(Equal(writer))
	c := b.Client(repository)
	b.Expect(b.Account.Writer()).To(Equal(writer))
	b.Expect(providercontract.Count(b.gitlab, fake.OpGetUser)).To(Equal(2))
	b.Step(c, at("x"), &shown, providers.Status{Phase: v1alpha1.PhaseSuccess})
	b.noneRefused()
}

func TestATokenThatWasAskedForBeforeIsKnownAtOnce(t *testing.T) {
	b := newBench(t)
	b.Client(repository)
	b.Provider.Name = "another"
	b.Account = b.open(b.Provider, b.token)
	_, known := b.Account.Lane(repository)
	b.Expect(known).To(BeTrue())
	b.Client(repository)
	b.Expect(providercontract.Count(b.gitlab, fake.OpGetUser)).To(Equal(1))
}

func TestATokenOfAnotherUserIsAnotherWriter(t *testing.T) {
	b := newBench(t)
	b.Client(repository)
	before := b.Account.Writer()
	b.Account = b.open(b.Provider, b.gitlab.AddToken("somebody"))
	b.Client(repository)
	b.Expect(b.Account.Writer()).To(Equal(b.laneOf("somebody")))
	b.Expect(b.Account.Writer()).NotTo(Equal(before))
	b.Expect(b.lane()).To(Equal(b.Account.Writer()))
}

func TestAfterARestartTheRecordedUserIsSupposed(t *testing.T) {
	b := newBench(t)
	lane := b.laneOf(bot)
	stamp := func(ago time.Duration) *metav1.Time { return &metav1.Time{Time: time.Now().Add(-ago)} }
	b.Provider.Status.Installations = []v1alpha1.Installation{
		{ID: b.laneOf("somebody"), ObservedAt: stamp(time.Minute)},
		{ID: lane, Account: bot, ObservedAt: stamp(time.Second)},
		{ID: "gitlab.com/user/1", ObservedAt: stamp(0)},
		{ID: lane + "x"},
	}
	b.Account = b.open(b.Provider, b.token)
	id, known := b.Account.Lane(repository)
	b.Expect(id).To(Equal(lane))
	b.Expect(known).To(BeFalse())
	// A pause that holds for the user holds for the question who it is.
	b.gitlab.Inject(fake.Fault{Match: withMethod("GET", "/user"), Status: 429, Body: retryLater, Header: http.Header{"Retry-After": {"60"}}})
	for range 3 {
		_, err := b.Account.Client(b.Ctx(), repository)
		_ = b.Fails(err, v1alpha1.ReasonPending)
	}
	b.Expect(providercontract.Count(b.gitlab, fake.OpGetUser)).To(Equal(1))
	b.Expect(b.Installations.Blocked(lane)).To(BeTrue())
}

func TestTheUsersBudgetKnowsOfTheQuestion(t *testing.T) {
	b := newBench(t, fake.WithLimits(fake.Limits{RequestsPerMinute: 1}))
	b.Client(repository)
	_, err := b.Client(repository).Create(b.Ctx(), at("x"), queued)
	_ = b.Fails(err, v1alpha1.ReasonPending)
	b.Expect(b.gitlab.Violations()).To(BeZero())
	b.Expect(b.gitlab.Writes()).To(BeEmpty())
}

func TestARefusedTokenIsTold(t *testing.T) {
	for name, tc := range map[string]struct {
		spoil   func(*bench)
		message string
	}{
		"revoked": {
			func(b *bench) { b.gitlab.RevokeToken(b.token) },
			"refuses the token of user group_1_bot (Token was revoked. You have to re-authorize from the user.)",
		},
		"any other": {
			func(b *bench) {
				b.gitlab.Inject(fake.Fault{Times: -1, Status: 401, Body: `{"message":"401 Unauthorized"}`})
			},
			"refuses the token of user group_1_bot (401 Unauthorized)",
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			c := b.Client(repository)
			tc.spoil(b)
			_, err := c.Create(b.Ctx(), at("x"), queued)
			e := b.Fails(err, v1alpha1.ReasonCredentialsInvalid)
			b.Expect(e.Message).To(HaveSuffix(tc.message))
			b.Expect(e.Unknown).To(BeFalse())
			b.Expect(e.Refused).To(Equal(providers.RefusedAccount))

			b.gitlab.ClearFaults()
			b.Account = b.open(b.Provider, b.gitlab.AddToken(bot))
			b.Step(b.Client(repository), at("x"), nil, queued)
		})
	}
}

func TestAWrongTokenOrAddressIsTold(t *testing.T) {
	for name, tc := range map[string]struct {
		fault   fake.Fault
		reason  string
		message string
	}{
		"401":        {fake.Fault{Status: 401, Body: `{"message":"401 Unauthorized"}`}, v1alpha1.ReasonCredentialsInvalid, "refuses the token of ScmProvider acme-gitlab (401 Unauthorized)"},
		"no scope":   {fake.Fault{Status: 403, Body: `{"error":"insufficient_scope","error_description":"x","scope":"api"}`}, v1alpha1.ReasonCredentialsInvalid, "the token of ScmProvider acme-gitlab lacks the scope api"},
		"blocked":    {fake.Fault{Status: 403, Body: `{"message":"403 Forbidden - Your account has been blocked."}`}, v1alpha1.ReasonCredentialsInvalid, "ScmProvider acme-gitlab is blocked"},
		"403":        {fake.Fault{Status: 403, Body: forbidden403}, v1alpha1.ReasonCredentialsInvalid, "denies it to ScmProvider acme-gitlab (403 Forbidden)"},
		"no GitLab":  {fake.Fault{Status: 404, Body: "<html>"}, v1alpha1.ReasonUnavailable, "has no API of GitLab at the path of spec.gitlab.apiURL"},
		"a page":     {fake.Fault{Status: 200, Body: "<html>log in</html>"}, v1alpha1.ReasonUnavailable, "the answer is not understood"},
		"nobody":     {fake.Fault{Status: 200, Body: "{}"}, v1alpha1.ReasonUnavailable, "the answer is not understood"},
		"null":       {fake.Fault{Status: 200, Body: "null"}, v1alpha1.ReasonUnavailable, "the answer is not understood"},
		"empty":      {fake.Fault{Status: 200}, v1alpha1.ReasonUnavailable, "the connection broke before the answer was there"},
		"down":       {fake.Fault{Status: 502, Body: badGateway}, v1alpha1.ReasonUnavailable, "answered 502 Bad Gateway"},
		"no content": {fake.Fault{Status: 204}, v1alpha1.ReasonUnavailable, "the connection broke before the answer was there"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.gitlab.Inject(tc.fault)
			_, err := b.Account.Client(b.Ctx(), repository)
			e := b.Fails(err, tc.reason)
			b.Expect(e.Message).To(HaveSuffix(tc.message))
			b.Expect(e.Unknown).To(BeFalse())
		})
	}
}

func TestWhatIsRememberedHasAnEnd(t *testing.T) {
	g := NewWithT(t)
	u := newUsers()
	for i := range 3 * maxTokens {
		u.learn("gitlab.com", "acme", newSecret(fmt.Sprint(i)), user{id: int64(i)})
	}
	g.Expect(len(u.byToken)).To(BeNumerically("<=", maxTokens))
	g.Expect(u.byProvider).To(HaveLen(1))
}
