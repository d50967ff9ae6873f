package main

import (
	"math"
	"testing"
	"time"
)

func TestGrowthIsThatOfTheStraightLine(t *testing.T) {
	for name, tt := range map[string]struct {
		values      []float64
		mean, grown float64
	}{
		"what stays":        {[]float64{5, 5, 5, 5}, 5, 0},
		"what grows":        {[]float64{90, 100, 110}, 100, 0.2},
		"what shrinks":      {[]float64{110, 100, 90}, 100, -0.2},
		"a saw":             {[]float64{90, 110, 110, 90}, 100, 0},
		"a peak at the end": {[]float64{100, 100, 100, 140}, 110, 36. / 110},
		"nothing to tell":   {[]float64{7}, 7, math.NaN()},
	} {
		t.Run(name, func(t *testing.T) {
			var samples []sample
			for i, v := range tt.values {
				samples = append(samples, sample{at: time.Minute + time.Duration(i)*sampleEvery, rss: v})
			}
			mean, grown := growth(samples, func(s sample) float64 { return s.rss })
			if math.Abs(mean-tt.mean) > 1e-9 || math.Abs(grown-tt.grown) > 1e-9 || math.IsNaN(grown) != math.IsNaN(tt.grown) {
				t.Errorf("mean %g, grown %g, want %g, %g", mean, grown, tt.mean, tt.grown)
			}
		})
	}
}

func TestWhatGrowsTooMuchFails(t *testing.T) {
	rising := func(by float64) []sample {
		return []sample{{0, 100, 50, 20}, {time.Minute, 100, 50, 20 * (1 + by)}}
	}
	if err := judge(rising(0.019)); err != nil {
		t.Errorf("less than the most: %v", err)
	}
	if err := judge(rising(0.021)); err == nil {
		t.Error("more open files than allowed pass")
	}
	if err := judge(nil); err == nil {
		t.Error("nothing measured passes")
	}
}
