// Package githubspec checks requests to GitHub, and GitHub's answers to them,
// against what GitHub itself has said: its OpenAPI description, webhooks that it
// sent, and answers of its API that others recorded.
//
// The fake GitHub of test/scm/github and the provider of providers/github were
// written by the same people, who may have misunderstood the same thing. What
// GitHub has said is somebody else's word: what the provider sends must be valid by
// it, and so must what the fake answers; and what GitHub really answered must be
// read for what it is.
//
// Description fetches the description from the npm package @octokit/openapi and
// keeps the few paths that are needed; a Checker holds calls from the fake's ledger
// against it. The description says little about refusals, and does not know that
// a POST of a completed check run needs a conclusion: that is the fake's own to
// check.
//
// Webhooks and Exchanges fetch the recordings, from @octokit/webhooks-examples and
// @octokit/fixtures. The tests let the fake repeat them to the provider, and compare
// the fake's own answers with them, place by place. What they lack is a refusal
// because of a limit: nobody has recorded one.
package githubspec
