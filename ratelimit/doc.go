// Package ratelimit spends the budget that an SCM grants to one installation.
//
// A Bucket holds the budget of one installation, shared by every ScmProvider and
// every cluster that uses it. A Queue holds the keys that wait, a lane for each
// installation; a key leaves its lane only with a Slot, which pays for its first
// request. An Installation's transport takes every request from the slot in its
// context or from the bucket, and tells the bucket what the SCM answered. Nobody
// sleeps: what cannot be paid for now waits in its lane.
//
// What is guaranteed: in no sliding window of a minute or an hour does more leave
// than the limit of that window; an idle installation sends ten writes at once;
// a pause that an SCM asks for holds for every request of that installation and
// for none of another; goroutines and timers do not grow with keys.
//
// What is not: a bucket starts full, so what was spent before a restart is not
// known, and under backlog about nine tenths of a limit of 80 a minute are used.
// Both are the business of window, which is all that knows how a limit is kept.
//
// Locks are taken in the order Queue, Installations, Bucket where they nest; what
// a bucket calls when budget comes free is called without any of them.
package ratelimit
