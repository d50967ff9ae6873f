package web

import (
	"time"

	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/argoproj-labs/commit-status-hub/hub/ledger"
	"github.com/argoproj-labs/commit-status-hub/kubeconfigs"
	"github.com/argoproj-labs/commit-status-hub/ratelimit"
)

// Source is what the pages are read from. Nothing of it is changed.
type Source struct {
	Ledger        *ledger.Ledger
	Installations *ratelimit.Installations
	// Waits returns what waits for each installation.
	Waits func() map[string]ratelimit.Waits
	// Members returns how each member with a Secret is, and LastEvents when something of it last
	// came, changed or went.
	Members    func() map[string]kubeconfigs.Health
	LastEvents func(map[string]kubeconfigs.Health) map[string]time.Time
	// ScmProviders reads them, in Namespace, from a cache.
	ScmProviders client.Reader
	Namespace    string
	// Leader reports whether this replica writes, and the name of the one that does, "" while
	// there is none.
	Leader  func() (leads bool, name string)
	Version string
	Clock   clock.WithTicker
}

// reader reads what the pages show.
type reader struct {
	Source
	history  *history
	requests *requests
	fleet    cached[fleet]
}

// tableRows is how many rows of a table a page has.
const tableRows = 50

// page selects the rows of a table; number counts from 1.
func page(number int) ledger.Page {
	return ledger.Page{Offset: (max(number, 1) - 1) * tableRows, Limit: tableRows}
}

// part returns the rows of a page.
func part[T any](rows []T, number int) []T {
	p := page(number)
	from := min(p.Offset, len(rows))
	return rows[from:min(from+p.Limit, len(rows))]
}

// orEmpty returns a list that JSON shows as one where it is empty.
func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

func (r *reader) hub() Hub {
	leads, name := r.Leader()
	return Hub{Leader: leads, LeaderName: name}
}
