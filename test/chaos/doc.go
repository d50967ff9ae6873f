// Package chaos injects faults into a hub at work, and checks what holds in spite of them.
//
// A run has a hub of two replicas, each a process with the rights of the manifests; three
// members, real API servers each behind a front; and strict fake SCMs, each behind a gate.
// The members' users create, change, move and delete CommitStatuses at random (work.go),
// while SCMs, members and the hub itself go wrong at random (schedule.go, inject_*.go). All
// choices come from a seed; what overlaps with what depends on the machine too.
//
// Faults of different groups overlap, those of one target follow each other. A fault counts
// as met when a request or a process really met it. After the last one everything behaves,
// and what was recorded is checked: what the SCMs show and the members were told
// (expect.go), and every request that was sent (checks.go).
package chaos
