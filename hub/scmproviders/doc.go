// Package scmproviders brings the hub's ScmProviders and their Secrets into the ledger, and
// writes their status.
//
// The Controller (controller.go) opens ScmProviders on every replica; report.go writes their
// Ready condition on the leader, and moves.go the repositories that have moved. Budgets
// (budgets.go) are status.installations: what is left of each installation's budget, recorded
// so that the next leader goes on from there (restore.go). pauses.go makes events of pauses, and
// unrecorded.go reports installations that send nothing because their record cannot be written.
package scmproviders
