package main

import (
	"context"
	"io"
	"slices"
)

// part is one subject of measurement.
type part struct {
	name  string
	run   func(context.Context, *stage, *report) error
	extra bool // it runs only if its name is given: it needs Node and the packages of a lock file
}

// parts in the order in which they run: what is quickest disturbed comes first.
func parts() []part {
	return []part{
		{name: "starts", run: benchStarts},
		{name: "availability", run: benchAvailability},
		{name: "queue", run: benchQueue},
		{name: "listing", run: benchListing},
		{name: "pages", run: benchPages},
		{name: "booking", run: benchBooking},
		{name: "apply", run: benchApply},
		{name: "rush", run: benchRush},
		{name: "live", run: benchLive},
		{name: "calendar", run: benchCalendar},
		{name: "process", run: benchProcess},

		{name: "kept", run: benchKept, extra: true},
		{name: "mercurius", run: benchMercurius, extra: true},
		{name: "region", run: benchRegion, extra: true},
		{name: "entities", run: benchEntities, extra: true},
		{name: "gateway", run: benchGateway, extra: true},

		{name: "attacks", run: benchAttacks, extra: true},
	}
}

// children are the processes that this program starts of itself, by their first argument.
func children() map[string]func(context.Context, io.Reader, io.Writer) error {
	return map[string]func(context.Context, io.Reader, io.Writer) error{
		bareCommand:     bare,
		profiledCommand: profiled,
		attackerCommand: attack,
	}
}

func partNames() (names []string) {
	for _, p := range parts() {
		names = append(names, p.name)
	}
	return names
}

func known(name string) bool { return slices.Contains(partNames(), name) }
