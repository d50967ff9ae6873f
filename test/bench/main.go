package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/go-logr/logr"
	ctrl "sigs.k8s.io/controller-runtime"
)

// settings are how large what is measured is.
type settings struct {
	changes, storm, refused, objects, members, idle, lookedAt, minutes int
	// quiet is how long an idle hub is watched for calls.
	quiet time.Duration
	only  string
	// profiles is the folder that profiles are written to, "" for none.
	profiles string
}

// part is one thing to measure.
type part struct {
	name    string
	measure func(context.Context, *world, settings) error
	// alone says that it takes too long to be measured but by name.
	alone bool
}

var parts = []part{
	{"delay", measureDelay, false},
	{"calls", measureCalls, false},
	{"storm", measureStorm, false},
	{"refusal", measureRefusal, false},
	{"growth", measureGrowth, false},
	{"members", measureMembers, false},
	{"page", measurePage, true},
	{"soak", measureSoak, true},
}

func main() {
	if err := bench(); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func bench() error {
	var s settings
	flag.IntVar(&s.changes, "changes", 1000, "changes whose delay is measured")
	flag.IntVar(&s.storm, "storm", 10_000, "CommitStatuses that come at once")
	flag.IntVar(&s.refused, "refused", 200, "changes of which the SCM refuses one")
	flag.IntVar(&s.objects, "objects", 100_000, "CommitStatuses whose memory is measured, and with which the hub is restarted; a tenth and a hundredth of them, too")
	flag.IntVar(&s.members, "members", 20, "members that they are in")
	flag.IntVar(&s.idle, "idle", 200, "idle members whose memory is measured")
	flag.IntVar(&s.lookedAt, "looked-at", 1000, "members that they are in when the fleet page is measured")
	flag.DurationVar(&s.quiet, "quiet", 30*time.Second, "how long a hub that has nothing to do is watched for calls")
	flag.StringVar(&s.only, "only", "", "parts to measure: delay, calls, storm, refusal, growth, members, page, soak; all but page and soak if empty")
	flag.IntVar(&s.minutes, "minutes", 45, "how long a soak lasts")
	flag.StringVar(&s.profiles, "profiles", "", "folder for profiles of the hub's memory, processor time and goroutines; none if empty")
	flag.Parse()
	ctrl.SetLogger(logr.Discard())
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return run(ctx, s)
}

// run measures each part in a world of its own, so that none is in another's way.
func run(ctx context.Context, s settings) error {
	program, remove, err := buildHub(ctx)
	if err != nil {
		return err
	}
	defer remove()
	fmt.Println("| figure | measured |")
	fmt.Println("|---|---|")
	for _, p := range parts {
		if s.only == "" && p.alone || s.only != "" && !slices.Contains(strings.Split(s.only, ","), p.name) {
			continue
		}
		w, err := newWorld(ctx, program)
		if err == nil {
			err = p.measure(ctx, w, s)
		}
		if w != nil {
			w.close()
		}
		if err != nil {
			return fmt.Errorf("measuring %s: %w", p.name, err)
		}
	}
	return nil
}

// row prints one line of the table.
func row(figure, format string, args ...any) {
	fmt.Printf("| %s | %s |\n", figure, fmt.Sprintf(format, args...))
}
