package v1alpha1_test

import (
	"testing"

	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const goodScmProvider = `
apiVersion: commit-status.argoproj.io/v1alpha1
kind: ScmProvider
metadata: {name: acme-github, namespace: default}
spec:
  github: {appID: 12345, installationID: 678}
  secretRef: {name: acme-github-app}
  grants:
  - {clusters: ["prod-*"], namespaces: [team-a], repositories: ["acme/*"], names: ["*"]}
  conflictPolicy: Aggregate
  drift: {interval: 1h30m, policy: Restore}
  rateLimit: {requestsPerHour: 5000, requestsPerMinute: 0, pointsPerMinute: 900, writesPerMinute: 80, writesPerHour: 0, maxInFlight: 10}
`

func TestScmProviderNamesExactlyOneSCM(t *testing.T) {
	const one = "exactly one of github, gitlab, bitbucketCloud, bitbucketDataCenter and gitea must be set"
	server := map[string]any{"apiURL": "https://scm.example.com/api"}
	empty := map[string]any{}

	check(t, goodScmProvider, []validation{
		{name: "github"},
		{name: "gitlab", set: map[string]any{"spec.github": nil, "spec.gitlab": empty}},
		{name: "bitbucketCloud", set: map[string]any{"spec.github": nil, "spec.bitbucketCloud": empty}},
		{name: "bitbucketDataCenter", set: map[string]any{"spec.github": nil, "spec.bitbucketDataCenter": server}},
		{name: "gitea", set: map[string]any{"spec.github": nil, "spec.gitea": server}},
		{name: "none", set: map[string]any{"spec.github": nil}, refused: one},
		{name: "two", set: map[string]any{"spec.gitlab": empty}, refused: one},
		{name: "all", set: map[string]any{"spec.gitlab": empty, "spec.bitbucketCloud": empty, "spec.bitbucketDataCenter": server, "spec.gitea": server}, refused: one},
		{name: "bitbucketDataCenter without its server", set: map[string]any{"spec.github": nil, "spec.bitbucketDataCenter": empty}, refused: "spec.bitbucketDataCenter.apiURL: Required value"},
		{name: "gitea without its server", set: map[string]any{"spec.github": nil, "spec.gitea": empty}, refused: "spec.gitea.apiURL: Required value"},
	})
}

func TestScmProviderIsReachedSafely(t *testing.T) {
	const bad = "spec.github.apiURL: must be an https URL (http on the loopback interface only) without user, query or fragment"
	var cases []validation
	for _, url := range []string{
		"https://api.github.com", "https://ghe.example.com:8443/api/v3", "https://acme.ghe.com/", "https://[2001:db8::1]/api/v3",
		"http://127.0.0.1:4711", "http://127.9.9.9", "http://localhost:4711/api/v3", "http://[::1]:4711",
	} {
		cases = append(cases, validation{name: "good " + url, set: map[string]any{"spec.github.apiURL": url}})
	}
	for _, url := range []string{
		"", "api.github.com", "ftp://api.github.com", "https://", "https://:443", "https:///api/v3",
		"http://api.github.com", "http://10.0.0.1", "http://127.evil.example.com", "http://localhost.evil.example.com", "http://[2001:db8::1]",
		"https://user:password@ghe.example.com", "https://token@ghe.example.com", "https://ghe.example.com/api?x=y", "https://ghe.example.com/#api",
	} {
		cases = append(cases, validation{name: "bad " + url, set: map[string]any{"spec.github.apiURL": url}, refused: bad})
	}
	cases = append(cases, validation{name: "long", set: map[string]any{"spec.github.apiURL": "https://" + long(505)}, refused: "spec.github.apiURL: Too long: may not be more than 512"})
	check(t, goodScmProvider, cases)
}

func TestScmProviderIsRefusedWithWhatIsAllowed(t *testing.T) {
	const badInterval = "spec.drift.interval: must be 0s (off) or at least 1s"
	const badDuration = "spec.drift.interval: must be a length of time, such as 90s or 1h30m"
	grants := func(grant map[string]any) map[string]any { return map[string]any{"spec.grants": []any{grant}} }
	interval := func(s string) map[string]any { return map[string]any{"spec.drift.interval": s} }
	patterns := []any{"*"}

	cases := []validation{
		{name: "a plain token needs no App", set: map[string]any{"spec.github": map[string]any{}}},
		{name: "an App without an installation", set: map[string]any{"spec.github.installationID": nil}},
		{name: "an installation without an App", set: map[string]any{"spec.github.appID": nil}, refused: "installationID needs appID"},
		{name: "an App that cannot be", set: map[string]any{"spec.github.appID": int64(0)}, refused: "spec.github.appID in body should be greater than or equal to 1"},
		{name: "an installation that cannot be", set: map[string]any{"spec.github.installationID": int64(-1)}, refused: "spec.github.installationID in body should be greater than or equal to 1"},

		{name: "secretRef missing", set: map[string]any{"spec.secretRef": nil}, refused: "spec.secretRef: Required value"},
		{name: "secretRef with an empty name", set: map[string]any{"spec.secretRef.name": ""}, refused: "spec.secretRef.name in body should be at least 1 chars long"},

		{name: "a policy for conflicts that is none", set: map[string]any{"spec.conflictPolicy": "Newest"}, refused: `supported values: "Oldest", "Aggregate"`},
		{name: "a policy for drift that is none", set: map[string]any{"spec.drift.policy": "Ignore"}, refused: `supported values: "Report", "Restore"`},

		{name: "drift off", set: interval("0s")},
		{name: "drift off, in minutes", set: interval("0m")},
		{name: "drift each half second", set: interval("500ms"), refused: badInterval},
		{name: "drift each 999 ms", set: interval("999ms"), refused: badInterval},
		{name: "drift each second", set: interval("1s")},
		{name: "drift each ten minutes", set: interval("10m")},
		{name: "drift back in time", set: interval("-1s"), refused: badDuration},
		{name: "an interval without a unit", set: interval("10"), refused: badDuration},
		{name: "an interval in days", set: interval("1d"), refused: badDuration},
		{name: "an interval that is empty", set: interval(""), refused: badDuration},

		{name: "no grants", set: map[string]any{"spec.grants": nil}},
		{name: "a grant of clusters and repositories", set: grants(map[string]any{"clusters": patterns, "repositories": patterns})},
		{name: "a grant without clusters", set: grants(map[string]any{"repositories": patterns}), refused: "spec.grants[0].clusters: Required value"},
		{name: "a grant without repositories", set: grants(map[string]any{"clusters": patterns}), refused: "spec.grants[0].repositories: Required value"},
		{name: "a grant for no clusters", set: grants(map[string]any{"clusters": []any{}, "repositories": patterns}), refused: "spec.grants[0].clusters in body should have at least 1 items"},
		{name: "a grant for no repositories", set: grants(map[string]any{"clusters": patterns, "repositories": []any{}}), refused: "spec.grants[0].repositories in body should have at least 1 items"},
		{name: "a pattern that is empty", set: grants(map[string]any{"clusters": patterns, "repositories": patterns, "namespaces": []any{""}}), refused: "spec.grants[0].namespaces[0] in body should be at least 1 chars long"},
	}
	for _, limit := range []string{"requestsPerHour", "requestsPerMinute", "pointsPerMinute", "writesPerMinute", "writesPerHour", "maxInFlight"} {
		field := "spec.rateLimit." + limit
		cases = append(cases,
			validation{name: limit + " 0 is no limit", set: map[string]any{field: int64(0)}},
			validation{name: limit + " below 0", set: map[string]any{field: int64(-1)}, refused: field + " in body should be greater than or equal to 0"},
		)
	}
	const points = "spec.rateLimit.pointsPerMinute"
	cases = append(cases,
		validation{name: "points for no write", set: map[string]any{points: int64(4)}, refused: "pointsPerMinute must be 0 (no limit) or at least 5, the cost of a write"},
		validation{name: "points for one write", set: map[string]any{points: int64(5)}},
	)
	check(t, goodScmProvider, cases)
}

func TestScmProviderHasDefaults(t *testing.T) {
	for scm, apiURL := range map[string]string{
		"github":         "https://api.github.com",
		"gitlab":         "https://gitlab.com/api/v4",
		"bitbucketCloud": "https://api.bitbucket.org/2.0",
	} {
		t.Run(scm, func(t *testing.T) {
			g := NewWithT(t)
			object := parse(t, goodScmProvider)
			object.Object["spec"] = map[string]any{
				scm:         map[string]any{},
				"secretRef": map[string]any{"name": "credential"},
			}
			g.Expect(api.Create(t.Context(), object, client.DryRunAll)).To(Succeed())
			g.Expect(object.Object["spec"]).To(Equal(map[string]any{
				scm:              map[string]any{"apiURL": apiURL},
				"secretRef":      map[string]any{"name": "credential"},
				"conflictPolicy": "Oldest",
				"drift":          map[string]any{"interval": "10m", "policy": "Report"},
			}))
		})
	}
}

func TestScmProviderDefaultsFillWhatIsLeftOut(t *testing.T) {
	g := NewWithT(t)
	object := parse(t, goodScmProvider)
	set(t, object, "spec.drift", map[string]any{"policy": "Restore"})
	g.Expect(api.Create(t.Context(), object, client.DryRunAll)).To(Succeed())
	drift, _, err := unstructured.NestedMap(object.Object, "spec", "drift")
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(drift).To(Equal(map[string]any{"interval": "10m", "policy": "Restore"}))
}
