package github

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
	"github.com/argoproj-labs/commit-status-hub/ratelimit"
	"github.com/argoproj-labs/commit-status-hub/test/providercontract"
	fake "github.com/argoproj-labs/commit-status-hub/test/scm/github"
)

func TestAnInstallationIsFoundOnceForAllWhoAsk(t *testing.T) {
	b := newBench(t)
	b.github.AddRepo("acme/other", sha)
	b.github.Inject(fake.Fault{Match: withMethod("GET", "/installation"), Delay: 50 * time.Millisecond})
	var wg sync.WaitGroup
	errs := make([]error, 50)
	for i := range errs {
		wg.Go(func() {
			name := repository
			if i%2 == 1 {
				name = "Acme/Other"
			}
			c, err := b.Account.Client(b.Ctx(), name)
			if err == nil {
				target := at("x")
				_, err = c.Create(b.Ctx(), target, providers.Status{Phase: v1alpha1.PhaseQueued})
			}
			errs[i] = err
		})
	}
	wg.Wait()
	b.Expect(errors.Join(errs...)).NotTo(HaveOccurred())
	b.Expect(providercontract.Count(b.github, opFindInstallation)).To(Equal(1))
	b.Expect(providercontract.Count(b.github, opCreateToken)).To(Equal(1))
	id, known := b.Account.Lane("ACME/anything")
	b.Expect(known).To(BeTrue())
	b.Expect(id).To(HaveSuffix("/app/12345/installation/678"))
}

func TestAGivenInstallationIsNotLookedFor(t *testing.T) {
	b := newBench(t)
	b.Provider.Spec.GitHub.InstallationID = installation
	b.Account = b.open(b.Provider, b.pem)
	b.Step(b.Client(repository), at("x"), nil, providers.Status{Phase: v1alpha1.PhaseQueued})
	b.Expect(providercontract.Count(b.github, opFindInstallation)).To(BeZero())
}

func TestAccountClient_LooksForAMissingInstallationAgain(t *testing.T) {
	b := newBench(t)
	_, err := b.Account.Client(b.Ctx(), "acme/none")
	e := b.Fails(err, v1alpha1.ReasonRepoNotFound)
	b.Expect(e.Message).To(Equal("repository acme/none does not exist, or GitHub App 12345 is not installed on it"))
	b.Expect(e.Refused).To(Equal(providers.RefusedRepository))
	b.Client(repository)
	b.Expect(providercontract.Count(b.github, opFindInstallation)).To(Equal(2), "one that is missing says nothing about the owner's others")

	b.github.AddRepo("other/none", sha)
	_, err = b.Account.Client(b.Ctx(), "other/none")
	_ = b.Fails(err, v1alpha1.ReasonRepoNotFound)
	b.github.Install(app, 679, "other")
	_, err = b.Account.Client(b.Ctx(), "other/none")
	b.Expect(err).NotTo(HaveOccurred(), "nothing of a refusal is remembered")
}

func TestOneMissingRepositoryDoesNotFailOthersThatWaitWithIt(t *testing.T) {
	b := newBench(t)
	b.github.Inject(fake.Fault{Match: withMethod("GET", "acme/none/installation"), Delay: 100 * time.Millisecond})
	missing := make(chan error, 1)
	go func() {
		_, err := b.Account.Client(b.Ctx(), "acme/none")
		missing <- err
	}()
	b.Eventually(func() int { return providercontract.Count(b.github, opFindInstallation) }).Should(Equal(1))
	_, err := b.Account.Client(b.Ctx(), repository)
	b.Expect(err).NotTo(HaveOccurred())
	_ = b.Fails(<-missing, v1alpha1.ReasonRepoNotFound)
}

func TestAWrongKeyIsTold(t *testing.T) {
	b := newBench(t)
	old := b.Account
	b.pem = b.github.AddApp(app)
	_, err := old.Client(b.Ctx(), repository)
	e := b.Fails(err, v1alpha1.ReasonCredentialsInvalid)
	b.Expect(e.Message).To(HavePrefix("GitHub refuses the private key of GitHub App 12345"))
	b.Expect(e.Refused).To(Equal(providers.RefusedAccount))
	b.Expect(e.Relied).To(Equal(providers.FactNone))

	b.Account = b.open(b.Provider, b.pem)
	b.Step(b.Client(repository), at("x"), nil, providers.Status{Phase: v1alpha1.PhaseQueued})
	b.Expect(b.newest("x").Status).To(Equal("queued"), "the right key counts at once")
}

func TestARotatedKeyKeepsBudgetAndConnections(t *testing.T) {
	b := newBench(t)
	b.Step(b.Client(repository), at("x"), nil, providers.Status{Phase: v1alpha1.PhaseQueued})
	before, _ := b.Account.Lane(repository)
	b.Account = b.open(b.Provider, b.github.AddApp(app))
	b.Step(b.Client(repository), at("y"), nil, providers.Status{Phase: v1alpha1.PhaseQueued})
	after, _ := b.Account.Lane(repository)
	b.Expect(after).To(Equal(before))
}

func TestSuspendedAndRemovedInstallationsAreToldApart(t *testing.T) {
	b := newBench(t)
	c := b.Client(repository)
	b.github.Inject(fake.Fault{Match: withMethod("POST", "access_tokens"), Status: 403, Body: suspended})
	_, err := c.Create(b.Ctx(), at("x"), providers.Status{Phase: v1alpha1.PhaseQueued})
	e := b.Fails(err, v1alpha1.ReasonCredentialsInvalid)
	b.Expect(e.Message).To(Equal("installation 678 of GitHub App 12345 is suspended"))

	b.Account = b.open(b.Provider, b.pem)
	c = b.Client(repository)
	b.github.Uninstall(installation)
	_, err = c.Create(b.Ctx(), at("x"), providers.Status{Phase: v1alpha1.PhaseQueued})
	e = b.Fails(err, v1alpha1.ReasonCredentialsInvalid)
	b.Expect(e.Message).To(ContainSubstring("has no installation 678"))
	b.Expect(e.Refused).To(Equal(providers.RefusedInstallation))
	b.Expect(e.Relied).To(Equal(providers.FactInstallation))

	b.github.Install(app, 999, "acme")
	b.Expect(b.Account.Renew(b.Ctx(), repository, e)).To(Succeed())
	b.Step(b.Client(repository), at("x"), nil, providers.Status{Phase: v1alpha1.PhaseQueued})
	id, _ := b.Account.Lane(repository)
	b.Expect(id).To(HaveSuffix("/installation/999"), "an App that is installed anew is found anew")
}

func TestARevokedTokenIsReplaced(t *testing.T) {
	b := newBench(t)
	c := b.Client(repository)
	b.Step(c, at("x"), nil, providers.Status{Phase: v1alpha1.PhaseQueued})
	b.github.ExpireTokens()
	_, err := c.Create(b.Ctx(), at("y"), providers.Status{Phase: v1alpha1.PhaseQueued})
	e := b.Fails(err, v1alpha1.ReasonCredentialsInvalid)
	b.Expect(e.Unknown).To(BeFalse(), "it was refused")
	b.Expect(e.Relied).To(Equal(providers.FactToken))
	b.Expect(e.Learned).To(BeTemporally("~", time.Now(), time.Minute))
	b.Expect(b.Account.Renew(b.Ctx(), repository, e)).To(Succeed())
	b.Step(c, at("y"), nil, providers.Status{Phase: v1alpha1.PhaseQueued})
	b.Expect(providercontract.Count(b.github, opCreateToken)).To(Equal(2))
}

func TestATokenThatIsNotToBeHadIsAskedForOnceForAllWhoWait(t *testing.T) {
	b := newBench(t)
	c := b.Client(repository)
	b.github.Inject(fake.Fault{Match: withMethod("POST", "access_tokens"), Times: -1, Delay: 300 * time.Millisecond, Status: 500})
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() { _, _ = c.Create(b.Ctx(), at("x"), queued) })
	}
	wg.Wait()
	b.Expect(providercontract.Count(b.github, opCreateToken)).To(BeNumerically("<", 5), "they don't queue up for one request each")
}

func TestATokenDoesNotSpendTheBudgetOfTheWrite(t *testing.T) {
	b := newBench(t)
	one := int64(1)
	b.Provider.Spec.RateLimit.RequestsPerHour = &one
	b.Provider.Spec.GitHub.InstallationID = installation
	b.Account = b.open(b.Provider, b.pem)
	c := b.Client(repository)
	_, err := c.Create(b.Ctx(), at("x"), providers.Status{Phase: v1alpha1.PhaseQueued})
	b.Expect(err).NotTo(HaveOccurred())

	_, err = c.Create(b.Ctx(), at("y"), providers.Status{Phase: v1alpha1.PhaseQueued})
	e := b.Fails(err, v1alpha1.ReasonPending)
	b.Expect(e.Unknown).To(BeFalse())
	b.Expect(b.github.Writes()).To(HaveLen(1), "what is throttled is not sent")
}

func TestFindingAnInstallationSpendsTheAppsLane(t *testing.T) {
	b := newBench(t)
	id, known := b.Account.Lane(repository)
	b.Expect(known).To(BeFalse())
	b.Installations.Get(id).Bucket().Observe(time.Now(), ratelimit.Feedback{PauseUntil: time.Now().Add(time.Hour)})
	_, err := b.Account.Client(b.Ctx(), repository)
	_ = b.Fails(err, v1alpha1.ReasonPending)
	b.Expect(b.github.Calls()).To(BeEmpty())
}

func TestAnInstallationIsNamedAfterItsOwner(t *testing.T) {
	b := newBench(t)
	b.Step(b.Client("Acme/shop"), at("x"), nil, providers.Status{Phase: v1alpha1.PhaseQueued})
	accounts := map[string]string{}
	for _, r := range b.Installations.Records(b.Provider.Name) {
		_, path, _ := strings.Cut(r.ID, "/")
		accounts[path] = r.Account
	}
	b.Expect(accounts).To(Equal(map[string]string{"app/12345/installation/678": "Acme", "app/12345": ""}),
		"what finding it spends is recorded as well")
}

func TestTheWriterIsTheAppWhateverItsInstallationAndKey(t *testing.T) {
	b := newBench(t)
	lane, _ := b.Account.Lane(repository)
	b.Expect(b.Account.Writer()).To(And(Equal(lane), HaveSuffix("/app/12345")))
	b.Client(repository)
	b.Provider.Spec.GitHub.InstallationID = installation
	b.Expect(b.open(b.Provider, b.github.AddApp(app)).Writer()).To(Equal(b.Account.Writer()))

	other := b.Provider.DeepCopy()
	other.Spec.GitHub.AppID = 99
	b.Expect(b.open(other, b.pem).Writer()).To(HaveSuffix("/app/99"))
	other = b.Provider.DeepCopy()
	other.Spec.GitHub.APIURL = "https://api.github.com"
	b.Expect(b.open(other, b.pem).Writer()).To(Equal("github.com/app/12345"))
}
