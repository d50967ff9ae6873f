// Package forward reaches the fleet page of the replica that leads, with a person's own rights: the
// work of `commit-status-hub dashboard`, and the way of `commit-status-hub why`.
//
// The files, in the order in which to read them:
//
//   - leader.go: the Lease names the pod that leads.
//   - address.go: the pod's arguments say where it serves the page.
//   - tunnel.go, conn.go: connections to the pod through its API server.
//   - follow.go: a tunnel to whichever pod leads.
//   - dashboard.go: a local address that serves the page, and a browser that shows it.
package forward
