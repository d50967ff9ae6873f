package kubeconfigs

import (
	"context"
	"sync"

	clientmetrics "k8s.io/client-go/tools/metrics"
	// It registers rest_client_requests_total when it is initialized, which is before this package.
	_ "sigs.k8s.io/controller-runtime/pkg/metrics"
)

// allMembers is the host by which requests to members are counted.
const allMembers = "members"

// memberHosts are the hosts of all members that there have been.
var memberHosts sync.Map

func init() {
	clientmetrics.RequestResult = requestResult{clientmetrics.RequestResult}
}

// requestResult counts requests to members as those to one host in client-go's
// rest_client_requests_total: a series of each would stay when the member is gone.
type requestResult struct{ clientmetrics.ResultMetric }

// Increment implements clientmetrics.ResultMetric.
func (r requestResult) Increment(ctx context.Context, code, method, host string) {
	if _, ok := memberHosts.Load(host); ok {
		host = allMembers
	}
	r.ResultMetric.Increment(ctx, code, method, host)
}
