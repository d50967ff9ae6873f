// Package bitbucket is a Bitbucket that runs inside a test: an HTTP server that
// answers the calls for build statuses, either as Bitbucket Cloud does or as
// Bitbucket Data Center.
//
// A test makes the world first (AddToken, AddRepo), points its client at URL, and
// looks afterwards at what Bitbucket shows (Builds) and at every call that arrived
// (Calls, Writes). Faults make it answer late, wrongly or not at all. Somebody else
// who changes what Bitbucket shows is played by SetBuild and DeleteBuild, which are
// no calls.
//
// A request goes through the steps of package wire: arrive (ledger.go), admit
// (limits.go), a fault, and only then to its route (routes.go), to who may ask
// (world.go), and the build statuses themselves (builds.go, and what is each service's
// own in cloud.go and center.go). Where Atlassian documents nothing, the stricter
// behavior was chosen and a comment says so.
package bitbucket
