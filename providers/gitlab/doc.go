// Package gitlab reads what GitLab's answers say about its limits.
//
// It reads the RateLimit-* headers that GitLab sends with each answer where a
// limit is on, a 429 with or without Retry-After, and the Retry-After of a GitLab
// that is down for a while. What an answer says about a status is not read here.
package gitlab
