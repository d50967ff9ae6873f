// Package web tests the fleet page as people use it: in a real browser, with and without its
// script, by mouse and by keyboard, on a wide and on a narrow screen.
//
// site_test.go serves a fleet where something is wrong, tab_test.go opens pages of it and notes
// what the browser objects to. The checks of axe-core come from npm, with the version of
// package-lock.json; package browser finds and starts the browser.
package web
