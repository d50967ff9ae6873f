// Package web serves the fleet page: why a check is not shown, and what is wrong now. It is
// read-only, and the same data is served as JSON under /api/v1.
//
// A view reads what a page shows and returns it as a value of api.go: copies, so that no lock is
// held while a page is made and sent. page.go makes HTML of the value, routes.go JSON, and stream.go
// sends the HTML anew while somebody looks.
//
//	server.go      listens; guard.go decides who may look, and what browsers may do with a page;
//	               access.go asks the API server
//	source.go      what pages are read from; cached.go has all who look share what is expensive
//	overview.go    the fleet, problems.go what is wrong with it, reasons.go what reasons mean
//	installation.go  one budget; history.go keeps how it was, plot.go draws that
//	commit.go      one commit, and what a search finds; requests.go keeps the newest requests
//	format.go      values in the words and shapes of a page
//
// The pages are templates/*.html, with static/style.css and static/page.js; openapi.yaml
// describes the JSON. Everything works without the script.
package web
