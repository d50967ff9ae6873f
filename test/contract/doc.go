// Package contract checks requests to GitHub, and GitHub's answers to them,
// against GitHub's own OpenAPI description.
//
// The fake GitHub of test/scm/github and the provider of providers/github were
// written by the same people, who may have misunderstood the same thing. The
// description is somebody else's word: what the provider sends must be valid by
// it, and so must what the fake answers.
//
// Description fetches it from the npm package @octokit/openapi and keeps the
// few paths that are needed; a Checker holds calls from the fake's ledger
// against it. The description says little about refusals, and does not know that
// a POST of a completed check run needs a conclusion: that is the fake's own to
// check.
package contract
