// Package ratelimit spends the budget that an SCM grants to one installation.
//
// A Bucket holds the budget of one installation, shared by every ScmProvider and
// every cluster that uses it. A Queue holds the keys that wait, a lane for each
// installation; a key leaves its lane only with a Slot, which pays for its first
// request. An Installation's transport takes every request from the slot in its
// context or from the bucket, and reports the SCM's response to the bucket. No worker
// sleeps: a key that cannot be paid for now waits in its lane.
//
// Guarantees: as the SCM counts, no sliding window of a minute or an hour
// ever holds more than its limit, however long requests are under way, and
// across restarts too; an idle installation sends ten writes at once, and a
// backlog uses at least 99 % of the tightest limit where a round trip takes at
// most 0.5 % of its window; a pause that an SCM asks for holds for every request
// of that installation and for none of another; an outage costs one probe at a
// time; a host that hangs leaves half of the requests in flight to others;
// goroutines and timers do not grow with keys.
//
// A window is an exact log of the requests that may count, and a limit is a maximum
// over a window with a pacer. A Bucket has all limits of an installation, and what it
// learned from responses: pause, reduction, serverBudget, breaker. A payment is one
// request's place in the log. Installations.Records and Installations.Restore carry
// the log over a restart.
//
// The queue:
//
//	queue.go      adds and hands out items, work.go those in work; route.go where an item waits,
//	              delay.go what is added later, shutdown.go the end
//	lane.go       one installation's items; turns.go, roundrobin.go and priority.go order them (fifo.go
//	              and heap.go hold them), exclusion.go keeps items apart that exclude each other
//	slot.go       the right to send one request
//	notice.go     reports items that wait, estimate.go for how long (pure)
//	depth.go, state.go, lanemetrics.go  figures of it
//
// The budget of an installation:
//
//	bucket.go     takes and returns costs; limits.go has the limits of SCMs, with their sources
//	limit.go      one limit; window.go its log, payment.go one request's place in it, costs.go sums
//	feedback.go   what a response says of the budget; serverbudget.go, pause.go, reduction.go and
//	              breaker.go learn from it, headers.go reads it
//	record.go     what a ScmProvider's status keeps; restore.go and leftout.go take it over
//	bucketmetrics.go  figures of it; usage.go what is used of each limit, for people
//
// The requests:
//
//	installation.go  one Installation for each identity; retire.go removes those not used any more
//	transport.go  pays for each request and sends it; context.go marks those that cost nothing
//	concurrency.go  shares requests in flight out between hosts, gate.go stops them without the lease
//	body.go       bounds a response's body, redact.go removes the credential from it
//	metrics.go    counts and times requests
//
// Lock order, where locks nest: Queue, Installations, Bucket, concurrency. A bucket
// calls its watchers without any of them.
package ratelimit
