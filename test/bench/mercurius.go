package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"

	"github.com/jackc/pgx/v5"
)

// slotsQuery asks for a list of objects, startsQuery for the same as a list of scalars.
const (
	slotsQuery  = `query Slots($input: AvailabilityInput!) { availability(input: $input) { days { date slots { start end counters reason } } } }`
	startsQuery = `query Starts($input: AvailabilityInput!) { availability(input: $input) { days { date starts } } }`
)

// listLength is how many free times the office of the list has on the day that is asked for.
const listLength = 50

// shape is what is asked for in comparison with Mercurius, and what the answer must be.
type shape struct {
	name     string
	bare     string // path of the baseline
	uncached float64
	asking   *asking
	answer   []byte
}

// benchMercurius compares the service with Mercurius, which answers the same questions from the same database: fifty
// objects, and the same as scalars; executed each time, and with what both keep. Mercurius has the machine to itself as
// well: it is measured as one process, as most run it, and as one for each core, and the better of both counts.
func benchMercurius(ctx context.Context, s *stage, results *report) (err error) {
	folder := filepath.Join("test", "bench", "mercurius")
	if _, err := os.Stat(filepath.Join(folder, "node_modules")); err != nil {
		return fmt.Errorf("its packages aren't installed: make bench/federation, or npm ci in %s: %w", folder, err)
	}
	base, err := s.base(ctx)
	if err != nil {
		return err
	}
	d, err := s.copy(ctx, base)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.drop(ctx, d)) }()
	o := s.town.office("liste")
	if err := s.seed(ctx, d, o, someCells); err != nil {
		return err
	}
	shapes := []*shape{{name: "50 objects", bare: "/slots", uncached: 1}, {name: "50 scalars", bare: "/graphql", uncached: 1.2}}
	for i, query := range []string{slotsQuery, startsQuery} {
		if shapes[i].asking, err = s.askingAt(ctx, d, o, query, 1); err != nil {
			return err
		}
	}
	statement, err := s.countAvailability(ctx, d, shapes[0].asking)
	if err != nil {
		return err
	}
	c, err := s.mercuriusSettings(ctx, d, o, statement)
	if err != nil {
		return err
	}
	return s.serving(ctx, settings{database: d}, func(server *child) error {
		for _, of := range shapes {
			if of.answer, err = ask(ctx, server.addr, of.asking.request(nil, 0)); err != nil {
				return err
			}
			if err := fifty(of.answer); err != nil {
				return err
			}
		}
		return s.compareMercurius(ctx, server, d, o, c, shapes, results)
	})
}

// fifty checks that an answer has as many free times as it should.
func fifty(answer []byte) error {
	var read struct {
		Data struct {
			Availability struct {
				Days []struct{ Starts, Slots []any }
			}
		}
	}
	if err := json.Unmarshal(answer, &read); err != nil {
		return err
	}
	if days := read.Data.Availability.Days; len(days) != 1 || len(days[0].Starts)+len(days[0].Slots) != listLength {
		return fmt.Errorf("not one day with %d free times: %s", listLength, answer)
	}
	return nil
}

// mercuriusSettings are what server.js reads, but for what differs from one process to the next.
type mercuriusSettings struct {
	Addr        string         `json:"addr"`
	URL         string         `json:"url"`
	SQL         string         `json:"sql"`
	Connections int            `json:"connections"`
	Workers     int            `json:"workers"`
	JIT         int            `json:"jit"`
	Cache       bool           `json:"cache"`
	Office      string         `json:"office"`
	Counters    []int64        `json:"counters"`
	Minutes     map[string]int `json:"minutes"`
	OpenCells   [2]int         `json:"openCells"`
	StepCells   int            `json:"stepCells"`
	LeadSeconds int            `json:"leadSeconds"`
	Days        []mercuriusDay `json:"days"`
}

type mercuriusDay struct {
	Date     string `json:"date"`
	Midnight int64  `json:"midnight"`
	Offset   string `json:"offset"`
}

func (s *stage) mercuriusSettings(ctx context.Context, d *database, o office, statement string) (c mercuriusSettings, err error) {
	c = mercuriusSettings{
		URL: d.url, SQL: statement, Connections: maxConns(), JIT: 1, Minutes: map[string]int{},
		OpenCells: [2]int{int(o.from) / 5, int(o.to) / 5}, StepCells: step / 5, LeadSeconds: lead * 60,
	}
	for i := range o.horizon {
		date := s.today().AddDays(i)
		midnight := date.Midnight(s.town.zone)
		c.Days = append(c.Days, mercuriusDay{date.String(), midnight.Unix(), midnight.Format("-07:00")})
	}
	return c, d.with(ctx, func(conn *pgx.Conn) error {
		offices, err := ids(ctx, conn, "offices")
		if err != nil {
			return err
		}
		services, err := ids(ctx, conn, "public_services")
		if err != nil {
			return err
		}
		c.Office = offices[o.slug]
		for id := range maps.Values(services) {
			c.Minutes[id] = serviceMinutes
		}
		c.Counters, err = numbers(ctx, conn, o.slug)
		return err
	})
}

// serveMercurius starts Mercurius.
func (s *stage) serveMercurius(ctx context.Context, c mercuriusSettings) (*child, error) {
	addr, err := freeAddr(ctx)
	if err != nil {
		return nil, err
	}
	c.Addr = addr
	text, err := json.Marshal(c)
	if err != nil {
		return nil, err
	}
	file := filepath.Join(s.folder, fmt.Sprintf("mercurius-%d-%t.json", c.Workers, c.Cache))
	if err := os.WriteFile(file, text, 0o600); err != nil {
		return nil, err
	}
	cmd := exec.Command("node", filepath.Join("test", "bench", "mercurius", "server.js"), file)
	return s.launch(ctx, addr, "/readyz", cmd, []string{"NODE_ENV=production"})
}

func (s *stage) compareMercurius(ctx context.Context, server *child, d *database, o office, c mercuriusSettings, shapes []*shape, results *report) (err error) {
	bare, err := s.serveBare(ctx, bareSettings{URL: d.url, Office: o.slug, SQL: c.SQL, Today: s.today().String(), Body: shapes[0].answer})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, bare.stop()) }()
	sides := map[string]*side{}
	var order []string
	side := func(name string, d *side) {
		sides[name] = d
		order = append(order, name)
	}
	const hits, fills = "nelke_answers_hits_total", "nelke_cache_fills_total"
	for _, of := range shapes {
		if err := alike(ctx, of.asking, of.answer, server.addr); err != nil {
			return err
		}
		side(of.name+", bare pgx", posting(bare, of.bare, of.asking, true, of.answer))
		side(of.name+", executed", posting(server, "/graphql", of.asking, true, of.answer).counting(fills, 1))
	}
	side("warm, from memory", posting(bare, "/memory", shapes[0].asking, false, shapes[0].answer))
	for _, of := range shapes {
		side(of.name+", warm", posting(server, "/graphql", of.asking, false, of.answer).counting(hits, 0.99))
	}
	var running []*child
	defer func() {
		for _, theirs := range running {
			err = errors.Join(err, theirs.stop())
		}
	}()
	for _, cached := range []bool{false, true} {
		for _, workers := range slices.Compact([]int{1, runtime.NumCPU()}) {
			c.Workers, c.Cache = workers, cached
			theirs, err := s.serveMercurius(ctx, c)
			if err != nil {
				return err
			}
			running = append(running, theirs)
			for _, of := range shapes {
				answer, err := ask(ctx, theirs.addr, of.asking.request(nil, 0))
				if err == nil {
					err = sameJSON(answer, of.answer)
				}
				if err != nil {
					return fmt.Errorf("Mercurius: %w", err)
				}
				name := fmt.Sprintf("%s, Mercurius × %d", of.name, workers)
				if cached {
					name += ", cache"
				}
				side(name, posting(theirs, "/graphql", of.asking, !cached, answer).compiling())
			}
		}
	}
	if err := s.rounds(ctx, sides, order...); err != nil {
		return err
	}
	const part = "mercurius"
	for _, of := range shapes {
		results.add(sides[of.name+", bare pgx"].row(part, of.name+", bare pgx", fmt.Sprintf("%d bytes", len(of.answer))))
		theirs := better(part, of.name+", Mercurius × ", "", sides, results)
		mine := sides[of.name+", executed"]
		results.add(mine.row(part, of.name+", executed", "1 statement each, as all of them"),
			mine.over(part, of.name+", executed : bare pgx", sides[of.name+", bare pgx"], nil),
			mine.over(part, of.name+", executed : Mercurius", theirs, atLeast(of.uncached, "")))
	}
	results.add(sides["warm, from memory"].row(part, "warm, from memory", "50 objects"))
	for _, of := range shapes {
		theirs := better(part, of.name+", Mercurius × ", ", cache", sides, results)
		mine := sides[of.name+", warm"]
		results.add(mine.row(part, of.name+", kept", ""), mine.over(part, of.name+", kept : Mercurius, cache", theirs, atLeast(1.5, "")))
	}
	return nil
}

// better shows Mercurius with one worker and with one for each core, and gives the quicker of both.
func better(part, head, tail string, sides map[string]*side, results *report) (best *side) {
	for _, workers := range slices.Compact([]int{1, runtime.NumCPU()}) {
		name := fmt.Sprintf("%s%d%s", head, workers, tail)
		theirs := sides[name]
		results.add(theirs.row(part, name, "compiled (JIT)"))
		if best == nil || median(theirs.rates) > median(best.rates) {
			best = theirs
		}
	}
	return best
}

// sameJSON compares answers by what they say.
func sameJSON(got, want []byte) error {
	var a, b any
	if err := json.Unmarshal(got, &a); err != nil {
		return err
	}
	if err := json.Unmarshal(want, &b); err != nil {
		return err
	}
	if !reflect.DeepEqual(a, b) {
		return &differenceError{got: got, want: want}
	}
	return nil
}
