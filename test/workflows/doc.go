// Package workflows checks the workflows of GitHub Actions: workflow.go reads one, rules.go
// has the rules against what would let others into a build or a release.
package workflows
