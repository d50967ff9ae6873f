// Package ratelimit spends the budget that an SCM grants to one installation.
//
// A Bucket holds the budget of one installation, shared by every ScmProvider and
// every cluster that uses it. A Queue holds the keys that wait, a lane for each
// installation; a key leaves its lane only with a Slot, which pays for its first
// request. An Installation's transport takes every request from the slot in its
// context or from the bucket, and tells the bucket what the SCM answered. Nobody
// sleeps: what cannot be paid for now waits in its lane.
package ratelimit
