package github

import (
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v4"
	. "github.com/onsi/gomega"
	"k8s.io/utils/clock"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
	"github.com/argoproj-labs/commit-status-hub/test/providercontract"
	fake "github.com/argoproj-labs/commit-status-hub/test/scm/github"
)

// shifted is the real clock, set wrong.
type shifted struct {
	clock.RealClock
	by time.Duration
}

func (s shifted) Now() time.Time                   { return s.RealClock.Now().Add(s.by) }
func (s shifted) Since(at time.Time) time.Duration { return s.Now().Sub(at) }

func TestSigner_WorksWithAClockThatIsWrong(t *testing.T) {
	for _, by := range []time.Duration{45 * time.Second, 5 * time.Minute, 3 * time.Hour, -8 * time.Minute, -26 * time.Hour} {
		t.Run(by.String(), func(t *testing.T) {
			b := newBench(t)
			b.Kind.(*Kind).clock = shifted{by: by}
			b.Account = b.open(b.Provider, b.pem)
			_, err := b.Client(repository).Create(b.Ctx(), at("x"), queued)
			b.Expect(err).NotTo(HaveOccurred())
			b.Expect(providercontract.Count(b.github, opFindInstallation)).To(BeNumerically("<=", 2), "at most one request to learn GitHub's time")
			b.Expect(providercontract.Count(b.github, opCreateToken)).To(Equal(1))
		})
	}
}

// signedClaims keeps what was to be signed.
type signedClaims struct{ *jwt.RegisteredClaims }

// Sign implements ghinstallation.Signer.
func (s *signedClaims) Sign(claims jwt.Claims) (string, error) {
	s.RegisteredClaims, _ = claims.(*jwt.RegisteredClaims)
	return "", nil
}

func TestSigner_IssuesAMinuteBackAndEndsWithinNine(t *testing.T) {
	for _, ahead := range []time.Duration{0, 45 * time.Second, -time.Hour} {
		g := NewWithT(t)
		theirs := time.Unix(1_800_000_000, 0)
		remote := &remoteClock{clock: clocktesting.NewFakePassiveClock(theirs.Add(ahead))}
		remote.observe(http.Header{"Date": {theirs.UTC().Format(http.TimeFormat)}})
		signed := &signedClaims{}
		_, err := signer{signed, remote}.Sign(&jwt.RegisteredClaims{})
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(signed.IssuedAt.Sub(theirs)).To(Equal(-60*time.Second), "the hub's clock is %s ahead", ahead)
		g.Expect(signed.ExpiresAt.Sub(theirs)).To(And(BeNumerically(">", time.Minute), BeNumerically("<=", 9*time.Minute)))
	}
}

func TestTokens_EndByTheClockOfGitHub(t *testing.T) {
	for ahead, mints := range map[time.Duration]map[time.Duration]int{ // by how long the token lives
		2 * time.Hour:  {time.Hour: 1, 30 * time.Second: 3},
		-2 * time.Hour: {time.Hour: 1, 30 * time.Second: 3},
		0:              {time.Hour: 1, 30 * time.Second: 3},
	} {
		for life, want := range mints {
			b := newBench(t)
			theirs := time.Now().Add(-ahead)
			b.github.Inject(fake.Fault{
				Match: withMethod("POST", "access_tokens"), Times: -1, Status: http.StatusCreated,
				Header: http.Header{"Date": {theirs.UTC().Format(http.TimeFormat)}},
				Body:   fmt.Sprintf(`{"token":"ghs_x","expires_at":%q}`, theirs.Add(life).UTC().Format(time.RFC3339)),
			})
			c := b.Client(repository)
			for range 3 {
				_, _ = c.Create(b.Ctx(), at("x"), queued)
			}
			b.Expect(providercontract.Count(b.github, opCreateToken)).To(Equal(want), "the hub's clock is %s ahead, and a token lives %s", ahead, life)
		}
	}
}

func TestSigner_SaysHowFarTheClockIsOff(t *testing.T) {
	for by, words := range map[time.Duration]string{
		4*time.Minute + 2*time.Second: "; the hub's clock is 4m0s ahead of that of 127.0.0.1",
		-25 * time.Minute:             "; the hub's clock is 25m0s behind that of 127.0.0.1",
		10 * time.Second:              "",
	} {
		b := newBench(t)
		b.Kind.(*Kind).clock = shifted{by: by}
		account := b.open(b.Provider, b.pem)
		b.github.AddApp(app) // with another key: the JWT is refused whatever its times
		_, err := account.Client(b.Ctx(), repository)
		e := b.Fails(err, v1alpha1.ReasonCredentialsInvalid)
		b.Expect(e.Message).To(HavePrefix("GitHub refuses the private key of GitHub App 12345"))
		if words == "" {
			b.Expect(e.Message).NotTo(ContainSubstring("clock"))
			continue
		}
		b.Expect(e.Message).To(ContainSubstring(words))
	}
}

func TestRequests_NameTheVersionOfTheAPI(t *testing.T) {
	b := newBench(t)
	c := b.Client(repository)
	shown := b.Step(c, at("x"), nil, queued)
	b.Step(c, at("x"), &shown, providers.Status{Phase: v1alpha1.PhaseSuccess})
	_, err := c.Find(b.Ctx(), at("x"))
	b.Expect(err).NotTo(HaveOccurred())
	_, err = c.Path(b.Ctx())
	b.Expect(err).NotTo(HaveOccurred())

	b.Provider.Spec.GitHub.AppID = 0
	user := b.openUser(b.github.AddUser("hubot"))
	statuses, err := user.Client(b.Ctx(), repository)
	b.Expect(err).NotTo(HaveOccurred())
	_, err = statuses.Create(b.Ctx(), at("y"), queued)
	b.Expect(err).NotTo(HaveOccurred())
	_, err = statuses.List(b.Ctx(), providers.Commit{Repository: repository, SHA: sha}, "")
	b.Expect(err).NotTo(HaveOccurred())

	asked := map[string]bool{}
	for _, call := range b.github.Calls() {
		b.Expect(call.RequestHeader.Get("X-GitHub-Api-Version")).To(Equal("2022-11-28"), call.Operation)
		asked[call.Operation] = true
	}
	b.Expect(asked).To(HaveLen(9), "each sort of request")
}

func TestTokens_KeepsOfTheAnswerOnlyTheToken(t *testing.T) {
	b := newBench(t)
	c := b.Client(repository)
	b.github.Inject(fake.Fault{Match: withMethod("POST", "access_tokens"), Status: http.StatusCreated, Body: fatToken()})
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := c.Create(b.Ctx(), at("x"), queued)
	runtime.ReadMemStats(&after)
	_ = b.Fails(err, v1alpha1.ReasonCredentialsInvalid) // the token is none of the fake's
	b.Expect(after.TotalAlloc-before.TotalAlloc).To(BeNumerically("<", 64<<20), "bytes for an answer of 2 MiB")
}

// fatToken is an answer to a request for a token in which 700 000 repositories are listed
// without content.
func fatToken() string {
	return fmt.Sprintf(`{"token":"ghs_12345_%s","expires_at":%q,"repositories":[%s{}]}`, strings.Repeat("aB3.-_xyz", 56),
		time.Now().Add(time.Hour).UTC().Format(time.RFC3339), strings.Repeat("{},", 700_000))
}
