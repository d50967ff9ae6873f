package ratelimit

import (
	"slices"
	"testing"
	"time"
)

// compare runs functions by turns, so that all meet the same machine, each n times
// in a row, and returns the median of what each took, in ns.
func compare(b *testing.B, n int, functions ...func()) []float64 {
	took := make([][]time.Duration, len(functions))
	for b.Loop() {
		for i, f := range functions {
			took[i] = append(took[i], timed(n, f))
		}
	}
	b.ReportMetric(0, "ns/op") // that is all together
	medians := make([]float64, len(functions))
	for i, d := range took {
		medians[i] = median(d) / float64(n)
	}
	return medians
}

func timed(n int, f func()) time.Duration {
	begun := time.Now()
	for range n {
		f()
	}
	return time.Since(begun)
}

func median(d []time.Duration) float64 {
	slices.Sort(d)
	return float64(d[len(d)/2].Nanoseconds())
}

// fakeBench is a queue on a fake clock. The caller shuts it down.
func fakeBench(route func(key) Route) *bench {
	clk := newClock()
	installations := NewInstallations(clk)
	return &bench{
		Queue:         NewQueue(QueueOptions[key]{Clock: clk, Installations: installations, Route: route}),
		clock:         clk,
		installations: installations,
	}
}
