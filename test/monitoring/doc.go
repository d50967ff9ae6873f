// Package monitoring tells which metrics and labels alerts and dashboards ask for, and
// which ones a hub exports, so that tests can compare the two.
package monitoring
