package main

import (
	"context"
	"io"
	"slices"
)

// part is one subject of measurement.
type part struct {
	name string
	run  func(context.Context, *stage, *report) error
}

// parts in the order in which they run: what is quickest disturbed comes first.
func parts() []part {
	return []part{
		{"starts", benchStarts},
		{"availability", benchAvailability},
		{"queue", benchQueue},
		{"listing", benchListing},
		{"booking", benchBooking},
		{"apply", benchApply},
		{"rush", benchRush},
		{"live", benchLive},
		{"process", benchProcess},
	}
}

// children are the processes that this program starts of itself, by their first argument.
func children() map[string]func(context.Context, io.Reader, io.Writer) error {
	return map[string]func(context.Context, io.Reader, io.Writer) error{
		bareCommand:     bare,
		profiledCommand: profiled,
	}
}

func partNames() (names []string) {
	for _, p := range parts() {
		names = append(names, p.name)
	}
	return names
}

func known(name string) bool { return slices.Contains(partNames(), name) }
