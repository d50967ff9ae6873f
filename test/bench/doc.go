// Command bench measures a whole hub, as users run it, against floors in the same run:
// real API servers, the hub in a process of its own, and a strict fake GitHub in this one.
//
// Every figure is a ratio or a count, so that it can be compared between machines. It
// prints a table for docs/benchmarks.md.
package main
