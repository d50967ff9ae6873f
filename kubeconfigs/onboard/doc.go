// Package onboard adds clusters to the hub as members, reports their state, and
// removes them: the work of `commit-status-hub cluster`.
//
// What is made is decided by pure functions: Plan gives the objects of both sides,
// Rights what the hub may do in a member, and compare what a CRD lacks. Add, List,
// Check and Remove carry it out. They act with the rights of the person who calls,
// but for Check, which acts with the member's own kubeconfig as the hub does.
//
// A token goes from the member's API server into the Secret, and into nothing that is
// printed.
package onboard
