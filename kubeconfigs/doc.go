// Package kubeconfigs turns labeled Secrets in the hub's namespace into
// engaged member clusters: it is the hub's multicluster-runtime provider.
//
//	Secret ─vet─> allowed fields ─dial─> connection ─check─> cluster ─Engage─> hub
//
// A kubeconfig comes from anyone who may write Secrets, and a member from anyone who
// runs it, so neither is trusted: vet.go rebuilds what is used from allowed
// fields before a client exists, and every request to a member has an end
// (deadline.go) and goes to that member alone (transport.go). Its errors are stripped of the
// token and of control characters where they come in (redact.go, ratelimit/response). What a
// member can take of the hub's memory is bounded: a response (responselimit.go), and how many objects
// are kept. Lists and watches are never decoded as a whole: a scanner (scan.go) passes over the
// stream and keeps of one object at a time what is used (raw.go), which object.go decodes
// and checks. What cannot be read is left out and named (omitted.go). Those of a kind are shared out between its namespaces (admission.go, objectlimiter.go,
// listing.go), and those of all members between the members (budget.go).
//
// Two Secrets of one cluster would have everything of it claimed twice. The evidence for
// that is the ServiceAccount that their tokens are of (duplicates.go): a token is in a Secret of
// the hub's namespace, whose writers are trusted anyhow, its UID is of one cluster alone,
// and it stays when the token is renewed. The objects that a member shows are no evidence,
// since a member can show whatever it likes, copies of another's objects too: a member that could
// get another refused by copies could switch off any other. So the ledger counts each such
// object once, and leaves all else as it is. Which of two comes first goes by the
// creationTimestamps of their Secrets: the hub's API server sets those, while those of a
// member's objects are the member's word, and the order of engagements is by chance.
//
// Members do not wait for each other. Each has one goroutine (member.go) that
// dials, checks and engages, and tries again as long as its Secret is there. A
// member that hangs, refuses or lacks the CRDs costs that goroutine and nothing
// else; Provider.Health reports why it is not connected, and so does an annotation of
// its Secret (healthpublisher.go).
//
// An API server deletes the objects of a CRD before the CRD, and reports each like any
// other deletion. So the hub asks (serving.go) whether a member serves the kinds after one
// that would have something canceled.
//
// A member that nothing happens in is to cost little, since a fleet has many. Its cache
// (cache.go) is of two kinds and no more. A reflector (reflector.go) for each kind
// and namespace lists (list.go, listhead.go, page.go; listend.go bounds a list), watches (stream.go) and
// notifies (informer.go, admitted.go, registration.go), all in one goroutine and without
// queues. progress.go records how far a reflector is, and lag.go decides whether it keeps up with
// the newest list (pure); watched.go and service.go gather that for a member.
//
// client-go's Reflector in place of reflector.go and the loop over stream.go was tried and measured
// (client-go 0.36, WatchList off). Our lister, decoder, limiters and progress all stay behind it: a list
// has to be taken in before client-go gets one without items, and its store can neither end a watch
// nor ask for a list. So an adapter is added. The package grew from 5650 to 5770 lines of code, and an
// idle member by 42 KiB and from 8 to 12 goroutines, beyond the limit of 250 KiB. It also logs the
// texts of errors, which are the member's, makes no exception from its back-off after a restored etcd
// or where a namespace may be listed again, and does not wait for a list that is under way when it ends.
//
// The other files:
//
//	provider.go    the multicluster-runtime provider; secrets.go watches the Secrets, desired.go reads one,
//	               memberset.go adds and removes members, engagement.go is one of them engaged
//	dial.go        makes a connection; strict.go refuses unknown fields, visit.go connects without
//	               engaging
//	check.go       lists each kind every 30 s; lost.go notices that all objects of one are gone
//	backoff.go     when a member is tried again
//	claims.go, lifetime.go  what a credential says of itself, and its end; renew.go and renewal.go
//	               replace a token in time
//	health.go      how a member is, report.go what was found last, annotation.go as an annotation
//	codec.go, mapper.go, objectlimiters.go, unreadable.go  of lists and watches
//	memberlog.go, requestmetric.go  bound what one member adds to logs and metrics
//
// Members are engaged on every replica, leader or not, so that a standby has
// its caches warm when it takes over.
package kubeconfigs
