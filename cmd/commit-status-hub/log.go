package main

import (
	"log/slog"

	"github.com/go-logr/logr"
	"k8s.io/klog/v2"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"

	"github.com/argoproj-labs/commit-status-hub/kubeconfigs"
)

// timeEncodings is the help of --zap-time-encoding. That of the library names another default
// than it has, and a word that it refuses.
const timeEncodings = "Zap time encoding (one of 'epoch', 'millis', 'nanos', 'iso8601', 'rfc3339' or 'rfc3339nano'). Defaults to 'rfc3339'."

// startLog makes the hub's log, whose first line has the version. All libraries log there as well,
// so that each line has the same form: those that use klog, slog, or Go's own log, as HTTP servers
// do.
func startLog(options *zap.Options) logr.Logger {
	if options.Level != nil {
		options.Level = quiet{options.Level}
	}
	log := kubeconfigs.LimitLog(zap.New(zap.UseFlagOptions(options)), clock.RealClock{})
	ctrl.SetLogger(log)
	klog.SetLogger(log)
	slog.SetDefault(slog.New(logr.ToSlogHandler(log)))
	log.Info("starting the hub", "version", version)
	return log
}

// logged is an error that is in the log already.
type logged struct{ error }

// Unwrap returns the error.
func (l logged) Unwrap() error { return l.error }
