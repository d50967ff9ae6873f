package workflows

import (
	"os"
	"path/filepath"
	"testing"

	. "github.com/onsi/gomega"
)

func TestWorkflows_KeepTheRules(t *testing.T) {
	g := NewWithT(t)
	files, err := filepath.Glob("../../.github/workflows/*.y*ml")
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(files).NotTo(BeEmpty())
	for _, file := range files {
		text, err := os.ReadFile(file)
		g.Expect(err).NotTo(HaveOccurred())
		w, err := read(string(text))
		g.Expect(err).NotTo(HaveOccurred(), file)
		g.Expect(w.findings()).To(BeEmpty(), file)
	}
}

const commit = "0123456789abcdef0123456789abcdef01234567"

func TestFindings(t *testing.T) {
	for name, each := range map[string]struct {
		text string
		want []string
	}{
		"nothing": {
			text: `
on: {push: {branches: [main]}, pull_request: {}}
permissions: {}
jobs:
  a:
    permissions: {contents: read}
    timeout-minutes: 5
    container: golang@sha256:01
    services: {db: {image: "db@sha256:02"}}
    steps:
    - uses: actions/checkout@` + commit + ` # v1.2.3
      with: {persist-credentials: false}
    - uses: docker://tool@sha256:03
    - env: {TITLE: "${{ github.event.pull_request.title }}"}
      run: echo "$TITLE"
  b:
    uses: ./.github/workflows/other.yml
`,
		},
		"events of others": {
			text: `
on: [pull_request_target, workflow_run, issue_comment, issues]
permissions: read-all
jobs: {a: {timeout-minutes: 5}}
`,
			want: []string{
				"pull_request_target starts it with rights that others should not use",
				"workflow_run starts it with rights that others should not use",
				"issue_comment starts it with rights that others should not use",
				"issues starts it with rights that others should not use",
			},
		},
		"permissions unsaid": {
			text: "on: push\njobs: {a: {timeout-minutes: 5}}\n",
			want: []string{"it does not say which permissions its jobs have"},
		},
		"permissions of all": {
			text: "on: push\npermissions: write-all\njobs: {a: {timeout-minutes: 5}}\n",
			want: []string{"all of its jobs have write-all"},
		},
		"a permission of all": {
			text: "on: {push: {tags: [v*]}}\npermissions: {contents: write}\njobs: {a: {timeout-minutes: 5}}\n",
			want: []string{"all of its jobs have contents: write"},
		},
		"a permission to write for a branch": {
			text: "on: {push: {tags: [v*], branches: [main]}}\npermissions: {}\njobs: {a: {timeout-minutes: 5, permissions: {packages: write}}}\n",
			want: []string{"a: it has packages: write, and others than a pushed tag start it"},
		},
		"a permission to write for a tag": {
			text: "on: {push: {tags: [v*]}}\npermissions: {}\njobs: {a: {timeout-minutes: 5, permissions: {packages: write}}}\n",
		},
		"actions": {
			text: `
on: push
permissions: {}
jobs:
  a:
    timeout-minutes: 5
    steps:
    - uses: a/tag@v4 # v4.0.0
    - uses: a/short@0123456 # v4.0.0
    - uses: a/bare@` + commit + `
    - uses: a/branch@` + commit + ` # main
    - uses: docker://tool:1
  b:
    uses: a/b/.github/workflows/c.yml@main
    secrets: inherit
`,
			want: []string{
				"a/tag@v4 is not pinned by a commit",
				"a/short@0123456 is not pinned by a commit",
				"a/bare@" + commit + " has no comment with its version, such as # v1.2.3",
				"a/branch@" + commit + " has no comment with its version, such as # v1.2.3",
				"docker://tool:1 is not pinned by a digest",
				"a/b/.github/workflows/c.yml@main is not pinned by a commit",
				"b: it hands all secrets on",
			},
		},
		"scripts, images and a token": {
			text: `
on: push
permissions: {}
jobs:
  a:
    container: {image: golang:1}
    services: {db: {image: db:1}}
    steps:
    - run: echo ${{ github.event.issue.title }}
    - uses: a/script@` + commit + ` # v1.0.0
      with: {script: "log('${{ github.head_ref }}')"}
    - uses: actions/checkout@` + commit + ` # v1.0.0
`,
			want: []string{
				"a: it has no timeout-minutes",
				"a: golang:1 is not pinned by a digest",
				"a: db:1 is not pinned by a digest",
				"a: an expression is part of a script: echo ${{ github.event.issue.title }}",
				"a: an expression is part of a script: log('${{ github.head_ref }}')",
				"a: checkout leaves its token in the work tree",
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			w, err := read(each.text)
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(w.findings()).To(ConsistOf(each.want))
		})
	}
}

func TestRead_RefusesWhatIsNoWorkflow(t *testing.T) {
	g := NewWithT(t)
	for _, text := range []string{"on: push\n", "jobs: {a: {}}\n", ": :", "[]"} {
		_, err := read(text)
		g.Expect(err).To(HaveOccurred(), text)
	}
}
