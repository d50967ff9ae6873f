// Package ledgertest is what tests of the packages around a ledger share: a Fleet, which is a
// ledger with a usable ScmProvider and a clock that the test owns, and the objects in it.
package ledgertest
