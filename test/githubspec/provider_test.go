package githubspec_test

import (
	"fmt"
	"testing"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/clock"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
	provider "github.com/argoproj-labs/commit-status-hub/providers/github"
	"github.com/argoproj-labs/commit-status-hub/ratelimit"
	"github.com/argoproj-labs/commit-status-hub/test/scm/github"
)

// states are all five phases, with and without a description and a URL.
func states() []providers.Status {
	var all []providers.Status
	for _, phase := range []v1alpha1.Phase{
		v1alpha1.PhaseQueued, v1alpha1.PhaseInProgress, v1alpha1.PhaseSuccess, v1alpha1.PhaseFailure, v1alpha1.PhaseCanceled,
	} {
		for _, description := range []string{"", "Hydrated 12 apps"} {
			for _, url := range []string{"", "https://ci.example.com/run/42"} {
				all = append(all, providers.Status{Phase: phase, Description: description, URL: url})
			}
		}
	}
	return all
}

// open makes the provider's account, and its client for the repository.
func open(t *testing.T, s *github.Server, key []byte) (providers.Account, providers.Client) {
	t.Helper()
	g := NewWithT(t)
	installations := ratelimit.NewInstallations(clock.RealClock{})
	t.Cleanup(installations.CloseIdleConnections)
	account, err := provider.NewKind(installations, clock.RealClock{}).Open(&v1alpha1.ScmProvider{
		ObjectMeta: metav1.ObjectMeta{Name: "acme"},
		Spec: v1alpha1.ScmProviderSpec{
			GitHub:    &v1alpha1.GitHubSpec{APIURL: v1alpha1.APIURL(s.URL()), AppID: app},
			SecretRef: v1alpha1.ObjectReference{Name: "acme-app"},
			// The fake tells GitHub's limit of an hour, which would spread the calls over it.
			RateLimit: &v1alpha1.RateLimit{RequestsPerHour: new(int64(0))},
		},
	}, map[string][]byte{"privateKey": key})
	g.Expect(err).NotTo(HaveOccurred())
	client, err := account.Client(t.Context(), repository)
	g.Expect(err).NotTo(HaveOccurred())
	return account, client
}

func TestTheProviderKeepsToGitHubsDescriptionOnEveryWay(t *testing.T) {
	c := checker(t)
	g := NewWithT(t)
	s, key := server(t)
	account, client := open(t, s, key)

	at := providers.Target{Repository: repository, SHA: sha, Name: "hydration", ExternalID: "0123456789abcdef"}
	for _, from := range states() {
		for _, to := range states() {
			before, err := client.Create(t.Context(), at, from)
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(before.Status).To(Equal(account.Render(from)))

			after := before
			switch step := account.Next(&before, to); step {
			case providers.StepNone:
			case providers.StepCreate:
				after, err = client.Create(t.Context(), at, to)
			case providers.StepReplace:
				_, err = client.Update(t.Context(), at, before, providers.Closing(before.Status, to))
				g.Expect(err).NotTo(HaveOccurred())
				after, err = client.Create(t.Context(), at, to)
			case providers.StepUpdate:
				after, err = client.Update(t.Context(), at, before, to)
			case providers.StepUnsupported:
				t.Fatalf("there is no way from %v to %v", from, to)
			}
			g.Expect(err).NotTo(HaveOccurred(), "%v to %v", from, to)
			g.Expect(after.Status).To(Equal(account.Render(to)), "%v to %v", from, to)

			runs := s.CheckRuns(repository, sha)
			newest := runs[len(runs)-1]
			g.Expect(newest.Summary).To(Equal(to.Description), "%v to %v", from, to)
			g.Expect(newest.DetailsURL).To(Equal(to.URL), "%v to %v", from, to)
		}
	}
	found, err := client.Find(t.Context(), at)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(found.Status).To(Equal(states()[len(states())-1]))

	calls := s.Calls()
	operations := map[string]int{}
	for _, call := range calls {
		operations[call.Operation]++
	}
	for _, op := range []string{
		github.OpFindInstallation, github.OpCreateToken, github.OpCreateCheckRun, github.OpUpdateCheckRun, github.OpListCheckRuns,
	} {
		g.Expect(operations).To(HaveKey(op), "the test drives every operation")
	}
	valid(t, c, calls)
}

func TestTheProviderListsAsGitHubDescribesIt(t *testing.T) {
	c := checker(t)
	g := NewWithT(t)
	s, key := server(t)
	_, client := open(t, s, key)
	commit := providers.Commit{Repository: repository, SHA: sha}
	list := func(tag string) providers.Listing {
		listing, err := client.List(t.Context(), commit, tag)
		g.Expect(err).NotTo(HaveOccurred())
		return listing
	}
	g.Expect(list("").Statuses).To(BeEmpty())
	for _, want := range states() {
		_, err := client.Create(t.Context(), providers.Target{
			Repository: repository, SHA: sha, Name: fmt.Sprintf("%v", want), ExternalID: "0123456789abcdef",
		}, want)
		g.Expect(err).NotTo(HaveOccurred())
	}
	first := list("")
	g.Expect(first.Statuses).To(HaveLen(len(states())))
	g.Expect(list(first.Tag).Unchanged).To(BeTrue())

	// Whatever somebody else may have made of it.
	runs := s.CheckRuns(repository, sha)
	s.EditCheckRun(runs[0].ID, func(r *github.CheckRun) { r.Status, r.Conclusion, r.Title = "completed", "action_required", "" })
	s.DeleteCheckRun(runs[1].ID)
	for i := range 150 {
		s.AddCheckRun(github.CheckRun{Repository: repository, HeadSHA: sha, Name: fmt.Sprint("another ", i), AppID: app})
	}
	g.Expect(list(first.Tag).Statuses).To(HaveLen(len(states()) - 1 + 150))
	s.RemoveRepo(repository)
	_, err := client.List(t.Context(), commit, first.Tag)
	g.Expect(err).To(HaveOccurred())

	calls := s.Calls()
	var answers []int
	for _, call := range calls {
		if call.Operation == github.OpListCheckRuns {
			answers = append(answers, call.Status)
		}
	}
	g.Expect(answers).To(Equal([]int{200, 200, 304, 200, 200, 404}), "every kind of answer is checked")
	valid(t, c, calls)
}
