package publish

import (
	"github.com/prometheus/client_golang/prometheus"
	"sigs.k8s.io/controller-runtime/pkg/metrics"
)

// PatchesTotal counts status patches by member and result.
var PatchesTotal = prometheus.NewCounterVec(prometheus.CounterOpts{
	Name: "commit_status_hub_status_patches_total",
	Help: "Status patches sent to members, by result: ok, gone (the object is no more), stale (it has changed; its newest state is patched instead), refused (not tried again) or error (tried again).",
}, []string{"cluster", "result"})

func init() { metrics.Registry.MustRegister(PatchesTotal) }
