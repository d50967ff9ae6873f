// Package docs holds tests of the pages for users and contributors: pages.go finds and reads
// them. Their links lead somewhere, and what they name exists.
package docs
