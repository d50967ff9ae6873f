package web

import (
	"fmt"
	"html/template"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
)

// badge is a state in a page: a shape and a word, and a class for its color.
type badge struct{ Class, Shape, Word string }

// phaseMark returns how a phase is shown. A word of the SCM's own is shown as it is.
func phaseMark(phase string) badge {
	switch v1alpha1.Phase(phase) {
	case v1alpha1.PhaseSuccess:
		return badge{"good", "✓", phase}
	case v1alpha1.PhaseFailure:
		return badge{"bad", "✗", phase}
	case v1alpha1.PhaseInProgress:
		return badge{"busy", "◐", "in progress"}
	case v1alpha1.PhaseQueued:
		return badge{"idle", "○", phase}
	case v1alpha1.PhaseCanceled:
		return badge{"idle", "⊘", phase}
	case "":
		return badge{"idle", "–", "nothing"}
	}
	return badge{"warn", "?", phase}
}

// readyMark returns how a condition is shown: its reason, with a shape for its status.
func readyMark(status, reason string) badge {
	switch {
	case reason == "":
	case status == "True":
		return badge{"good", "✓", reason}
	case status == "False":
		return badge{"bad", "✗", reason}
	case status == "Unknown":
		return badge{"busy", "◐", reason}
	}
	return badge{"idle", "○", "no answer yet"}
}

// codeMark returns how the code of a response is shown.
func codeMark(code int) badge {
	switch {
	case code == 0:
		return badge{"bad", "✗", "no answer"}
	case code >= 400:
		return badge{"bad", "✗", strconv.Itoa(code)}
	}
	return badge{"good", "✓", strconv.Itoa(code)}
}

// ago says how long before now a time was, to the minute below an hour: a page that nothing
// happens to is sent anew once a minute and no oftener.
func ago(t, now time.Time) string {
	if t.IsZero() {
		return "never"
	}
	d := now.Sub(t)
	if d < 0 {
		return "in " + length(-d)
	}
	if d < time.Minute {
		return "just now"
	}
	return length(d) + " ago"
}

// within says in how long a time comes, after a sentence.
func within(t, now time.Time) string {
	if d := t.Sub(now); d > 0 {
		return "In " + length(d)
	}
	return "Now"
}

// length says how long something takes, in one unit.
func length(d time.Duration) string {
	switch {
	case d < time.Minute:
		return "less than a minute"
	case d < time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h", int(d.Hours()))
	}
	return fmt.Sprintf("%d days", int(d.Hours()/24))
}

// seconds says how long a wait is.
func seconds(s float64) string {
	if s < 60 {
		return fmt.Sprintf("%.0f s", s)
	}
	return length(time.Duration(s * float64(time.Second)))
}

// stamp writes a time as the attribute datetime has it.
func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// timed is a time beside the time of its page, for the template that shows it.
type timed struct{ At, Now time.Time }

func withTime(at, now time.Time) timed { return timed{at, now} }

// count writes a whole number with its thousands apart.
func count(n any) string {
	digits := fmt.Sprint(n)
	var out []string
	for len(digits) > 3 {
		out = append([]string{digits[len(digits)-3:]}, out...)
		digits = digits[:len(digits)-3]
	}
	return strings.Join(append([]string{digits}, out...), " ")
}

// plural writes a number with its word.
func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return count(n) + " " + many
}

// short returns as much of a hash as GitHub's pages show.
func short(sha string) string { return sha[:min(7, len(sha))] }

// safeLink returns an address that a page may link to, "" for any but http and https.
func safeLink(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return ""
	}
	return address
}

// limitTitle says what a limit is about.
func limitTitle(name string) string {
	switch name {
	case "requestsPerHour":
		return "requests an hour"
	case "requestsPerMinute":
		return "requests a minute"
	case "pointsPerMinute":
		return "points a minute"
	case "writesPerMinute":
		return "writes a minute"
	case "writesPerHour":
		return "writes an hour"
	}
	return name
}

// query writes one value of a query.
func query(name, value string) template.URL {
	return template.URL(url.Values{name: {value}}.Encode()) //nolint:gosec // encoded just now
}

// paged is where a table's page is among its pages.
type paged struct {
	First, Last, Total int
	// Before and After are the addresses of its neighbors, "" for none.
	Before, After string
}

// pagedOf returns where a page is, by the name of its number in the query.
func pagedOf(address *url.URL, name string, rows, total int) paged {
	q := address.Query()
	n, err := strconv.Atoi(q.Get(name))
	if err != nil || n < 1 {
		n = 1
	}
	to := func(n int) string {
		q.Set(name, strconv.Itoa(n))
		return address.EscapedPath() + "?" + q.Encode()
	}
	out := paged{First: (n-1)*tableRows + 1, Last: (n-1)*tableRows + rows, Total: total}
	if n > 1 {
		out.Before = to(n - 1)
	}
	if out.Last < total && rows > 0 {
		out.After = to(n + 1)
	}
	return out
}
