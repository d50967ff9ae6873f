// Package ratelimit spends the budget that an SCM grants to one installation.
//
// A Bucket holds the budget of one installation, shared by every ScmProvider and
// every cluster that uses it. A Queue holds the keys that wait, a lane for each
// installation; a key leaves its lane only with a Slot, which pays for its first
// request. An Installation's transport takes every request from the slot in its
// context or from the bucket, and tells the bucket what the SCM answered. Nobody
// sleeps: what cannot be paid for now waits in its lane.
//
// What is guaranteed: as the SCM counts, no sliding window of a minute or an hour
// ever holds more than its limit, however long requests are on their way, and
// across restarts too; an idle installation sends ten writes at once, and a
// backlog uses at least 99 % of the tightest limit where a round trip takes at
// most 0.5 % of its window; a pause that an SCM asks for holds for every request
// of that installation and for none of another; an outage costs one probe at a
// time; a host that hangs leaves half of all that can be in flight to others;
// goroutines and timers do not grow with keys.
//
// A window is an exact log of what may count, a limit is a maximum over a window
// with a pacer, and a Bucket is all limits of an installation with what its
// answers taught: pause, reduction, serverBudget, breaker. A payment is one request's place in
// the log. Installations.Records and Installations.Restore carry it over a restart.
//
// Locks are taken in the order Queue, Installations, Bucket, concurrency where they nest; what
// a bucket calls when budget comes free is called without any of them.
package ratelimit
