// Package gitea reads what the answers of Gitea and Forgejo say about limits.
//
// They have no limits of their own: it reads a 429 and Retry-After, which come from
// a proxy before them, and tells a 500 that is about the request from one of a
// server that is down. What an answer says about a status is not read here.
package gitea
