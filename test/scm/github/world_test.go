package github_test

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"go.uber.org/goleak"
	testclock "k8s.io/utils/clock/testing"

	"github.com/argoproj-labs/commit-status-hub/test/scm/github"
	"github.com/argoproj-labs/commit-status-hub/test/scm/wiretest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	app          = 12345
	installation = 678
	repo         = "/repos/acme/shop"
)

var (
	sha   = strings.Repeat("a1", 20)
	other = strings.Repeat("b2", 20)
)

// world is a server with one app, installed for acme, and a client of its own.
type world struct {
	*WithT
	*github.Server
	clock  *testclock.FakeClock
	key    *rsa.PrivateKey
	client *wiretest.Client
	token  string
}

func newWorld(t *testing.T, opts ...github.Option) *world {
	t.Helper()
	w := &world{WithT: NewWithT(t), clock: testclock.NewFakeClock(time.Now())}
	w.Server = github.New(append([]github.Option{github.WithClock(w.clock)}, opts...)...)
	w.client = wiretest.NewClient(t, w)
	w.key = w.parse(w.AddApp(app))
	w.Install(app, installation, "acme")
	w.AddRepo("acme/shop", sha)
	w.token = w.issue(w.key, app, installation)
	return w
}

func (w *world) parse(key []byte) *rsa.PrivateKey {
	block, _ := pem.Decode(key)
	parsed, err := x509.ParsePKCS1PrivateKey(block.Bytes)
	w.Expect(err).NotTo(HaveOccurred())
	return parsed
}

// claims is what a JWT says; values that are any so that tests can get them wrong.
type claims map[string]any

func (w *world) claims(id int64) claims {
	now := w.clock.Now()
	return claims{"iss": strconv.FormatInt(id, 10), "iat": now.Add(-time.Minute).Unix(), "exp": now.Add(9 * time.Minute).Unix()}
}

func sign(key *rsa.PrivateKey, alg string, c claims) string {
	part := func(v any) string {
		raw, err := json.Marshal(v)
		if err != nil {
			panic(err)
		}
		return base64.RawURLEncoding.EncodeToString(raw)
	}
	signed := part(map[string]string{"alg": alg, "typ": "JWT"}) + "." + part(c)
	digest := sha256.Sum256([]byte(signed))
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, digest[:])
	if err != nil {
		panic(err)
	}
	return signed + "." + base64.RawURLEncoding.EncodeToString(signature)
}

func (w *world) issue(key *rsa.PrivateKey, appID, installationID int64) string {
	a := w.send("POST", "/app/installations/"+strconv.FormatInt(installationID, 10)+"/access_tokens", "",
		sign(key, "RS256", w.claims(appID)))
	w.Expect(a.Status).To(Equal(http.StatusCreated), a.Body)
	return a.Text("token")
}

type answer = wiretest.Answer

// try sends a request and returns the error of one without an answer.
func (w *world) try(method, path, body, credential string, header ...string) (answer, error) {
	if credential != "" {
		header = append([]string{"Authorization", "Bearer " + credential}, header...)
	}
	return w.client.Try(context.Background(), method, w.URL()+path, body, header...)
}

func (w *world) send(method, path, body, credential string, header ...string) answer {
	a, err := w.try(method, path, body, credential, header...)
	w.Expect(err).NotTo(HaveOccurred())
	return a
}

// call sends a request with the token of the one installation.
func (w *world) call(method, path, body string, header ...string) answer {
	return w.send(method, path, body, w.token, header...)
}

// create makes a run named test with more members of its JSON object.
func (w *world) create(more string) answer {
	return w.call("POST", repo+"/check-runs", `{"name":"test","head_sha":"`+sha+`"`+more+`}`)
}

func (w *world) created(more string) answer {
	a := w.create(more)
	w.Expect(a.Status).To(Equal(http.StatusCreated), a.Body)
	return a
}

func (w *world) update(id int64, body string) answer {
	return w.call("PATCH", repo+"/check-runs/"+strconv.FormatInt(id, 10), body)
}
