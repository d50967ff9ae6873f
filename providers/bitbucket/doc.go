// Package bitbucket reads what Bitbucket's answers say about its limits, of Cloud
// and of Data Center.
//
// It reads a 429, the X-RateLimit-* headers of both, and Retry-After: Cloud tells
// the requests in an hour, to access tokens alone and not what remains; Data Center
// tells the token bucket that each user has on each of its nodes. What an answer
// says about a status is not read here.
package bitbucket
