// Package faults makes members that misbehave, for tests: a TLS front that stands before a
// member's API server and spoils what it answers, and a made-up member that holds more
// objects, and changes them faster, than is cheap to have a real API server do.
package faults
