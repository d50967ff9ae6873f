// Package providers is how the hub speaks to an SCM.
//
// An SCM joins by a Kind in the Registry. A Kind opens a ScmProvider and its
// Secret as an Account; an Account tells which installation's budget a
// repository spends, and hands out the Client that reads and writes statuses.
// Everything that can go wrong comes back as an *Error, which says what to do
// about it; that is decided in one place per SCM.
package providers
