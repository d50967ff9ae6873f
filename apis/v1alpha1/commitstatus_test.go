package v1alpha1_test

import (
	"strings"
	"testing"
)

const goodCommitStatus = `
apiVersion: commit-status.argoproj.io/v1alpha1
kind: CommitStatus
metadata: {name: hydrated, namespace: default}
spec:
  gitRepoRef: {name: shop}
  sha: 1f0c7d4b1e1f0c7d4b1e1f0c7d4b1e1f0c7d4b1e
  name: hydration-successful
  description: Hydrated 12 apps
  phase: success
  url: https://ci.example.com/run/42
`

func TestCommitStatusIsRefusedWithWhatIsAllowed(t *testing.T) {
	const (
		badSHA = "spec.sha: must be the full hash of a commit: 40 or 64 hexadecimal digits"
		badURL = "spec.url: must be an absolute http or https URL"
	)
	sha := func(s string) map[string]any { return map[string]any{"spec.sha": s} }
	url := func(s string) map[string]any { return map[string]any{"spec.url": s} }
	text := func(field, s string) map[string]any { return map[string]any{"spec." + field: s} }

	check(t, goodCommitStatus, []validation{
		{name: "as it should be"},
		{name: "only what is required", set: map[string]any{"spec.description": nil, "spec.url": nil}},

		{name: "sha missing", set: map[string]any{"spec.sha": nil}, refused: "spec.sha: Required value"},
		{name: "sha empty", set: sha(""), refused: badSHA},
		{name: "sha of 7 digits", set: sha(hex(7)), refused: badSHA},
		{name: "sha of 39 digits", set: sha(hex(39)), refused: badSHA},
		{name: "sha of 40 digits", set: sha(hex(40))},
		{name: "sha of 41 digits", set: sha(hex(41)), refused: badSHA},
		{name: "sha of 63 digits", set: sha(hex(63)), refused: badSHA},
		{name: "sha of 64 digits", set: sha(hex(64))},
		{name: "sha of 65 digits", set: sha(hex(65)), refused: "spec.sha: Too long: may not be more than 64"},
		{name: "sha in upper case", set: sha(strings.ToUpper(hex(40)))},
		{name: "sha with a letter that is no digit", set: sha(hex(39) + "g"), refused: badSHA},
		{name: "sha with a line break after it", set: sha(hex(40) + "\n"), refused: badSHA},
		{name: "a branch in place of a sha", set: sha("main"), refused: badSHA},

		{name: "url empty", set: url("")},
		{name: "url over http", set: url("http://ci.example.com")},
		{name: "url over HTTPS", set: url("HTTPS://ci.example.com/a?b=c#d")},
		{name: "url with an IPv6 address", set: url("https://[2001:db8::1]:8443/run")},
		{name: "url over ftp", set: url("ftp://ci.example.com/run"), refused: badURL},
		{name: "url that is a script", set: url("javascript:alert(1)"), refused: badURL},
		{name: "url without a scheme", set: url("ci.example.com/run"), refused: badURL},
		{name: "url without a host", set: url("https:///run"), refused: badURL},
		{name: "url with a port only", set: url("https://:8443/run"), refused: badURL},
		{name: "url that is a path", set: url("/run/42"), refused: badURL},
		{name: "url that is none", set: url("see the logs"), refused: badURL},
		{name: "url of 2048 characters", set: url("https://ci.example.com/" + strings.Repeat("a", 2048-23))},
		{name: "url of 2049 characters", set: url("https://ci.example.com/" + strings.Repeat("a", 2049-23)), refused: "spec.url: Too long: may not be more than 2048"},

		{name: "name missing", set: map[string]any{"spec.name": nil}, refused: "spec.name: Required value"},
		{name: "name empty", set: text("name", ""), refused: "spec.name in body should be at least 1 chars long"},
		{name: "name of 255 characters", set: text("name", long(255))},
		{name: "name of 256 characters", set: text("name", long(256)), refused: "spec.name: Too long: may not be more than 255"},
		{name: "description empty", set: text("description", "")},
		{name: "description of 65535 characters", set: text("description", long(65535))},
		{name: "description of 65536 characters", set: text("description", long(65536)), refused: "spec.description: Too long: may not be more than 65535"},

		{name: "gitRepoRef missing", set: map[string]any{"spec.gitRepoRef": nil}, refused: "spec.gitRepoRef: Required value"},
		{name: "gitRepoRef without a name", set: map[string]any{"spec.gitRepoRef.name": nil}, refused: "spec.gitRepoRef.name: Required value"},
		{name: "gitRepoRef with an empty name", set: map[string]any{"spec.gitRepoRef.name": ""}, refused: "spec.gitRepoRef.name in body should be at least 1 chars long"},
		{name: "gitRepoRef with a name no object can have", set: map[string]any{"spec.gitRepoRef.name": long(254)}, refused: "spec.gitRepoRef.name: Too long: may not be more than 253"},
		{name: "spec missing", set: map[string]any{"spec": nil}, refused: "spec: Required value"},
	})
}

func TestCommitStatusTakesThePhasesOnly(t *testing.T) {
	const allowed = `supported values: "queued", "in_progress", "success", "failure", "canceled", "cancelled"`
	var cases []validation
	for _, phase := range []string{"queued", "in_progress", "success", "failure", "canceled", "cancelled"} {
		cases = append(cases, validation{name: phase, set: map[string]any{"spec.phase": phase}})
	}
	for _, phase := range []string{"", "pending", "error", "Success", "in-progress"} {
		cases = append(cases, validation{name: "not " + phase, set: map[string]any{"spec.phase": phase}, refused: allowed})
	}
	cases = append(cases, validation{name: "missing", set: map[string]any{"spec.phase": nil}, refused: "spec.phase: Required value"})
	check(t, goodCommitStatus, cases)
}
