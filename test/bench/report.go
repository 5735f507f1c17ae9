package main

import (
	"fmt"
	"io"
	"math"
	"strings"
	"text/tabwriter"
	"time"
)

// bar is what a measure must reach: from least to most.
type bar struct {
	least, most float64
	unit        string
}

func atLeast(limit float64, unit string) *bar { return &bar{limit, math.Inf(1), unit} }
func atMost(limit float64, unit string) *bar  { return &bar{math.Inf(-1), limit, unit} }
func exactly(value float64) *bar              { return &bar{value, value, ""} }

func (b *bar) met(value float64) bool { return value >= b.least && value <= b.most } // NaN meets nothing

func (b *bar) String() string {
	switch {
	case b.least == b.most:
		return "= " + amount(b.least, b.unit)
	case math.IsInf(b.least, -1):
		return "≤ " + amount(b.most, b.unit)
	default:
		return "≥ " + amount(b.least, b.unit)
	}
}

// row is one measure, taken once a round. With a bar, the median is held against it.
type row struct {
	part, what string
	values     []float64
	unit       string
	bar        *bar
	times      latencies // of all rounds; empty where single answers aren't timed
	note       string
}

// report collects rows and judges them.
type report struct {
	out  io.Writer
	rows []row
}

func (r *report) add(rows ...row) { r.rows = append(r.rows, rows...) }

// print writes the table and says how many bars were missed.
func (r *report) print() (missed int) {
	table := tabwriter.NewWriter(r.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "part\tmeasure\tmedian\tspread\tp50\tp99\tbar\t\tnote")
	for _, row := range r.rows {
		verdict, limit, p50, p99 := "", "", "", ""
		mid := median(row.values)
		if row.bar != nil {
			limit = row.bar.String()
			if verdict = "met"; !row.bar.met(mid) {
				verdict = "MISSED"
				missed++
			}
		}
		if len(row.times) > 0 {
			p50, p99 = duration(row.times.at(0.50)), duration(row.times.at(0.99))
		}
		low, high := spread(row.values)
		fmt.Fprintln(table, strings.Join([]string{
			row.part, row.what, amount(mid, row.unit), amount(low, "") + " – " + amount(high, ""), p50, p99, limit, verdict, row.note,
		}, "\t"))
	}
	_ = table.Flush() // to a terminal, or to a buffer
	if missed > 0 {
		fmt.Fprintf(r.out, "\n%d missed\n", missed)
	}
	return missed
}

// amount is a figure with three digits that count, and its unit.
func amount(value float64, unit string) string {
	var text string
	switch size := math.Abs(value); {
	case math.IsNaN(value):
		text = "–"
	case size >= 100 || value == math.Trunc(value):
		text = fmt.Sprintf("%.0f", value)
	case size >= 10:
		text = fmt.Sprintf("%.1f", value)
	default:
		text = fmt.Sprintf("%.2f", value)
	}
	if unit == "" {
		return text
	}
	return text + " " + unit
}

func duration(d time.Duration) string {
	switch {
	case d >= time.Second:
		return amount(d.Seconds(), "s")
	case d >= time.Millisecond:
		return amount(float64(d)/1e6, "ms")
	default:
		return amount(float64(d)/1e3, "µs")
	}
}
