package githubspec_test

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	. "github.com/onsi/gomega"
)

// told is what the headers of an answer tell of a budget.
type told struct {
	limit, remaining, used int64
	// reset and now are by the server's clock.
	reset, now time.Time
	resource   string
}

// toldBy reads headers of GitHub's, and of the fake, which have all of them.
func toldBy(g *WithT, header http.Header) told {
	number := func(name string) int64 {
		n, err := strconv.ParseInt(header.Get(name), 10, 64)
		g.Expect(err).NotTo(HaveOccurred(), name)
		return n
	}
	now, err := http.ParseTime(header.Get("Date"))
	g.Expect(err).NotTo(HaveOccurred())
	return told{
		limit: number("X-RateLimit-Limit"), remaining: number("X-RateLimit-Remaining"), used: number("X-RateLimit-Used"),
		reset: time.Unix(number("X-RateLimit-Reset"), 0), now: now, resource: header.Get("X-RateLimit-Resource"),
	}
}

// ofTheAPI says which headers say something about the answer. The others are for
// browsers and caches.
func ofTheAPI(name string) bool {
	return strings.HasPrefix(name, "X-Ratelimit-") || strings.HasPrefix(name, "X-Github-") || strings.HasPrefix(name, "X-Oauth-") ||
		slices.Contains([]string{"Content-Type", "Date", "Etag", "Link", "Location", "Retry-After", "X-Accepted-Oauth-Scopes"}, name)
}

// missingIn are the headers of the API that one answer of a GitHub has and the other
// lacks.
func missingIn(other, one http.Header) []string {
	var missing []string
	for name := range one {
		if ofTheAPI(name) && len(other.Values(name)) == 0 {
			missing = append(missing, name)
		}
	}
	slices.Sort(missing)
	return missing
}

// onPage fits requests for a page of check runs.
func onPage(number string) func(*http.Request) bool {
	return func(r *http.Request) bool {
		return strings.HasSuffix(r.URL.Path, "/check-runs") && r.URL.Query().Get("page") == number
	}
}
