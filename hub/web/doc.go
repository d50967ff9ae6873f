// Package web serves the fleet page: why a check is not shown, and what is wrong now. It is
// read-only, and the same data is served as JSON under /api/v1.
package web
