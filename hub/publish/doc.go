// Package publish patches the statuses of CommitStatuses into their members.
//
// A Publisher (publisher.go) has an outbox for each member (outbox.go, item.go), with its own
// workers and back-off, so that a slow or dead member delays no other. What is patched comes
// from ledger.Ledger.Patch, read when a worker takes the object, and is written by one JSON
// merge patch (apply.go). refusals.go records what a member's RBAC or admission refuses, which
// refusal.go tells from an error; outdated.go records fields that a member's older CRDs drop.
// conflicts.go holds back events about conflicts until they have lasted, and audit.go logs what
// no grant allowed. metrics.go counts patches.
package publish
