package main

import (
	"math"
	"slices"
	"time"
)

// latencies are how long single answers took.
type latencies []time.Duration

// at is the smallest latency that a share of all (0 to 1) doesn't exceed; zero where there are none.
func (l latencies) at(share float64) time.Duration {
	if len(l) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(l))
	rank := int(math.Ceil(share*float64(len(sorted)))) - 1
	return sorted[min(max(rank, 0), len(sorted)-1)]
}

// median is the middle value, of an even number the mean of the two in the middle; NaN of none.
func median(values []float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	sorted := slices.Sorted(slices.Values(values))
	mid := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[mid]
	}
	return (sorted[mid-1] + sorted[mid]) / 2
}

// spread is the least and the greatest value; NaN of none.
func spread(values []float64) (low, high float64) {
	if len(values) == 0 {
		return math.NaN(), math.NaN()
	}
	return slices.Min(values), slices.Max(values)
}

// ratios are a round's value over the same round's value of the baseline, so that what slows a whole round weighs on both.
func ratios(values, baseline []float64) []float64 {
	all := make([]float64, min(len(values), len(baseline)))
	for i := range all {
		all[i] = values[i] / baseline[i]
	}
	return all
}
