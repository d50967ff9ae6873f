// Package gitea is a Gitea that runs inside a test: an HTTP server that answers
// the calls for commit statuses as Gitea 1.25.5 does, whose source and behavior
// it follows.
//
// A test makes the world first (AddUser, AddRepo), points its client at URL, and
// looks afterwards at what Gitea shows (Statuses) and at every call that arrived
// (Calls, Writes). Faults make it answer late, wrongly or not at all. Somebody else
// who changes what Gitea shows is played by AddStatus and DeleteStatuses, which are
// no calls. Gitea has no limits of its own; Limits are those of a proxy before it.
//
// A request goes through the steps of package wire: arrive (ledger.go), the proxy
// (limits.go), a fault, and only then to its route (routes.go), to who may ask
// (world.go), and the statuses themselves (statuses.go). Where Gitea's database
// decides, the strictest of those that it runs on was chosen and a comment says so.
package gitea
