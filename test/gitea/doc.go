// Package gitea runs a real Gitea for tests: one process on the loopback interface,
// with SQLite and all its files in a temporary folder.
//
// Nothing has to be installed but git and gcc. The program is built from its Go module
// on first use (build.go); the module in the folder server pins it, apart from the
// project's own, so that Gitea is built of what its authors chose.
//
// All tests share one Gitea and run beside each other. Each has a repository and a user
// of its own.
package gitea
