package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/google/uuid"

	"nelke/data"
	"nelke/internal/identity"
)

// What an attack may do to the others: the time of a bystander's answer beside it is held against that beside as many requests that
// are refused at once.
const (
	attackLong      = 20 * time.Second
	attackMargin    = 20 * time.Millisecond // of a bystander's p99, above twice that beside the control
	attackMemory    = 256                   // MiB above idle
	attackLeft      = 64                    // MiB above idle, once it is over
	attackRecovery  = time.Minute           // until the memory is back
	attackCPU       = 250                   // ms of the process, of any one request
	attackAnswer    = 4                     // MB, of any answer
	attackerAddr    = "127.0.0.2"
	bystanderAddr   = "127.0.0.3"
	bystanderRate   = 50 // turns a second
	bystanderAccess = 2  // connections
)

// siege is a server that is attacked.
type siege struct {
	*stage
	server *child
	name   string // of the set-up
	desk   desk
	people []string // keys of cases that the attacker has opened
}

// desk is where appointments are made, as the graph says.
type desk struct {
	office, service, notice string
	starts                  []string
}

// benchAttacks has one client of one address attack the service, in each of the ways in attacks(), on both set-ups, each time anew.
func benchAttacks(ctx context.Context, s *stage, results *report) error {
	for _, a := range attacks() {
		if !strings.Contains(a.name, s.opts.attack) {
			continue
		}
		for _, full := range []bool{false, true} {
			if err := s.besiege(ctx, a, full, results); err != nil {
				return fmt.Errorf("%s: %w", a.name, err)
			}
		}
	}
	return nil
}

func (s *stage) besiege(ctx context.Context, a attackKind, full bool, results *report) (err error) {
	g := &siege{stage: s, name: "SQLite"}
	folder, err := os.MkdirTemp(s.folder, "siege-")
	if err != nil {
		return err
	}
	c := settings{folder: folder, limited: !a.unlimited}
	if full {
		g.name = "PostgreSQL"
		base, err := s.blomberg(ctx)
		if err != nil {
			return err
		}
		if c.database, err = s.copy(ctx, base); err != nil {
			return err
		}
		c.redis, c.prefix = s.redis, filepath.Base(folder) // what limits have counted before counts no more
		defer func() { err = errors.Join(err, s.drop(ctx, c.database)) }()
	} else {
		environment := c.environment("127.0.0.1:0")
		if err := s.command(ctx, environment, "migrate"); err != nil {
			return err
		}
		if err := s.command(ctx, environment, "import", filepath.Join("data", filepath.FromSlash(data.Blomberg))); err != nil {
			return err
		}
	}
	return s.serving(ctx, c, func(server *child) error {
		g.server = server
		return g.judge(ctx, a, results)
	})
}

// judge measures an attack: a bystander beside the control, then beside the attack, and what it takes of the machine.
func (g *siege) judge(ctx context.Context, a attackKind, results *report) error {
	long := attackLong
	if g.opts.short {
		long = time.Second
	}
	if err := g.enter(ctx); err != nil {
		return err
	}
	idle, err := g.server.memory()
	if err != nil {
		return err
	}
	requests, err := a.requests(ctx, g)
	if err != nil {
		return err
	}
	cost, answer, err := g.alone(ctx, a, requests)
	if err != nil {
		return err
	}
	blow := assault{
		Addr: g.server.addr, From: attackerAddr, Connections: a.connections, Turns: a.turns, Long: long, Requests: requests,
		Sockets: a.sockets, Holding: a.holding,
	}
	if a.books {
		blow.Books = &booking{Office: g.desk.office, Service: g.desk.service, Notice: g.desk.notice, Starts: g.desk.starts, Keys: g.people}
	}
	feint := blow
	feint.Requests, feint.Sockets, feint.Holding, feint.Books = []sending{{Body: `{"query":"{ nothing }"}`}}, false, holdNothing, nil
	feint.Connections = min(blow.Connections, 200)
	control, _, err := g.beside(ctx, feint)
	if err != nil {
		return err
	}
	most := watchMemory(g.server)
	attacked, done, err := g.beside(ctx, blow)
	peak := most()
	if err != nil {
		return err
	}
	left, err := g.recovered(ctx, idle)
	if err != nil {
		return err
	}

	limit := 2*control.times.at(0.99) + attackMargin
	what := a.name + ", " + g.name
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1e3 }
	answers := fmt.Sprintf("answers by status %v; before: %s", done.Statuses, a.before)
	results.add(
		row{part: "attacks", what: what + ": a bystander's p99", values: []float64{ms(attacked.times.at(0.99))}, unit: "ms", bar: atMost(ms(limit), "ms"), times: attacked.times, note: fmt.Sprintf("beside the control %s; %s", duration(control.times.at(0.99)), answers)},
		row{part: "attacks", what: what + ": a bystander's failures", values: []float64{float64(attacked.failed)}, bar: exactly(0), note: fmt.Sprintf("of %d", len(attacked.times)+attacked.failed)},
		row{part: "attacks", what: what + ": memory above idle", values: []float64{(peak - idle) / (1 << 20)}, unit: "MiB", bar: atMost(attackMemory, "MiB"), note: fmt.Sprintf("resident, at the most; idle %.0f MiB", idle/(1<<20))},
		row{part: "attacks", what: what + ": memory within a minute", values: []float64{(left - idle) / (1 << 20)}, unit: "MiB", bar: atMost(attackLeft, "MiB")},
		row{part: "attacks", what: what + ": one request's CPU", values: []float64{ms(cost)}, unit: "ms", bar: atMost(attackCPU, "ms"), note: "of the process, by the kernel's hundredths"},
		row{part: "attacks", what: what + ": one answer", values: []float64{float64(max(answer, done.Bytes)) / 1e6}, unit: "MB", bar: atMost(attackAnswer, "MB")},
	)
	if a.outcome != nil {
		return a.outcome(ctx, g, what, results)
	}
	return nil
}

// enter reads what an attacker needs to know, and opens cases.
func (g *siege) enter(ctx context.Context) error {
	c, err := callFrom(ctx, attackerAddr, g.server.addr)
	if err != nil {
		return err
	}
	defer c.close()
	var town struct {
		Municipality struct {
			PrivacyNotice struct{ ID string }
			Offices       []struct{ ID string }
			Services      struct {
				Nodes []struct {
					ID       string
					Channels []string
				}
			}
		}
	}
	if err := c.graphql("", `{ municipality(by: {slug: "blomberg"}) { privacyNotice { id } offices { id } services(first: 100) { nodes { id channels } } } }`, nil, &town); err != nil {
		return err
	}
	m := town.Municipality
	if len(m.Offices) == 0 {
		return errors.New("there is no office")
	}
	g.desk = desk{office: m.Offices[0].ID, notice: m.PrivacyNotice.ID}
	for _, s := range m.Services.Nodes {
		if g.desk.service == "" && len(s.Channels) == 1 && s.Channels[0] == "APPOINTMENT" {
			g.desk.service = s.ID
		}
	}
	var free struct {
		Availability struct{ Days []struct{ Starts []string } }
	}
	if err := c.graphql("", availabilityQuery, map[string]any{"office": g.desk.office, "days": 62, "concerns": []map[string]string{{"service": g.desk.service}}}, &free); err != nil {
		return err
	}
	for _, day := range free.Availability.Days {
		g.desk.starts = append(g.desk.starts, day.Starts...)
	}
	g.people = nil
	for range 30 {
		key, err := openCase(c)
		if err != nil {
			return err
		}
		g.people = append(g.people, key)
	}
	return nil
}

// alone sends each of the first few requests by itself, and returns the most that one took of the process, and the longest answer.
func (g *siege) alone(ctx context.Context, a attackKind, requests []sending) (most time.Duration, answer int, err error) {
	if a.sockets || a.holding != holdNothing && a.holding != holdAnswer {
		return 0, 0, nil
	}
	one := assault{Addr: g.server.addr, From: attackerAddr}
	for i := range min(6, len(requests)) {
		conn, err := dialFrom(ctx, attackerAddr, g.server.addr)
		if err != nil {
			return 0, 0, err
		}
		before, err := g.server.cpu()
		if err != nil {
			return 0, 0, err
		}
		limited, cancel := context.WithTimeout(ctx, patience)
		_, length, err := one.send(limited, conn, newReader(conn), &requests[i], int64(-1-i))
		cancel()
		_ = conn.Close()
		if err != nil {
			return 0, 0, fmt.Errorf("alone: %w", err)
		}
		after, err := g.server.cpu()
		if err != nil {
			return 0, 0, err
		}
		most, answer = max(most, after-before), max(answer, length)
	}
	return most, answer, nil
}

// witnessed is what a bystander saw.
type witnessed struct {
	times  latencies
	failed int
}

// beside has a bystander read while an assault goes on, in a process of its own.
func (g *siege) beside(ctx context.Context, a assault) (witnessed, damage, error) {
	text, err := json.Marshal(a)
	if err != nil {
		return witnessed{}, damage{}, err
	}
	attacker := exec.CommandContext(ctx, g.self, attackerCommand)
	var out, errs bytes.Buffer
	attacker.Stdin, attacker.Stdout, attacker.Stderr = bytes.NewReader(text), &out, &errs
	attacker.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	reader, err := g.bystander(ctx)
	if err != nil {
		return witnessed{}, damage{}, err
	}
	if err := attacker.Start(); err != nil {
		return witnessed{}, damage{}, err
	}
	seen := g.watch(ctx, reader, a.Long)
	if err := attacker.Wait(); err != nil {
		return seen, damage{}, fmt.Errorf("attacker: %w: %s", err, errs.Bytes())
	}
	var d damage
	return seen, d, json.Unmarshal(out.Bytes(), &d)
}

// bystander opens a case from another address, and returns the request that reads it.
func (g *siege) bystander(ctx context.Context) (sending, error) {
	c, err := callFrom(ctx, bystanderAddr, g.server.addr)
	if err != nil {
		return sending{}, err
	}
	defer c.close()
	key, err := openCase(c)
	return sending{Token: key, Body: `{"query":"{ viewer { case { id } } municipality(by: {slug: \"blomberg\"}) { name } }"}`}, err
}

// openCase opens a case, and returns its key.
func openCase(c *caller) (key string, err error) {
	key = identity.NewCaseKey()
	var opened struct {
		OpenCase struct {
			Case     *struct{ ID string }
			Problems []struct{ Code string }
		}
	}
	err = c.graphql("", openMutation, map[string]any{"idempotencyKey": uuid.NewString(), "municipality": map[string]string{"slug": "blomberg"}, "caseKey": key}, &opened)
	if err == nil && opened.OpenCase.Case == nil {
		err = fmt.Errorf("no case was opened: %v", opened.OpenCase.Problems)
	}
	return key, err
}

// watch reads at a steady rate for so long.
func (g *siege) watch(ctx context.Context, request sending, long time.Duration) (seen witnessed) {
	ctx, cancel := context.WithTimeout(ctx, long)
	defer cancel()
	var mu sync.Mutex
	var running sync.WaitGroup
	for range bystanderAccess {
		running.Go(func() {
			tick := time.NewTicker(bystanderAccess * time.Second / bystanderRate)
			defer tick.Stop()
			var c *caller
			for {
				select {
				case <-ctx.Done():
					if c != nil {
						c.close()
					}
					return
				case <-tick.C:
				}
				at := time.Now()
				var err error
				if c == nil {
					c, err = callFrom(context.WithoutCancel(ctx), bystanderAddr, g.server.addr)
				}
				if err == nil {
					var status int
					var answer []byte
					status, answer, err = c.post("/graphql", request.Token, []byte(request.Body))
					if err == nil && (status != http.StatusOK || bytes.Contains(answer, []byte(`"errors"`))) {
						err = fmt.Errorf("status %d: %.300s", status, answer)
					}
				}
				mu.Lock()
				if err != nil {
					seen.failed++
				} else {
					seen.times = append(seen.times, time.Since(at))
				}
				mu.Unlock()
				if err != nil && c != nil {
					c.close()
					c = nil
				}
			}
		})
	}
	running.Wait()
	return seen
}

// watchMemory looks at a process's memory until the function it returns is called, which returns the most there was.
func watchMemory(c *child) func() float64 {
	stop, done := make(chan struct{}), make(chan float64)
	go func() {
		most := 0.0
		for {
			if now, err := c.memory(); err == nil {
				most = max(most, now)
			}
			select {
			case <-stop:
				done <- most
				return
			case <-time.After(50 * time.Millisecond):
			}
		}
	}()
	return func() float64 { close(stop); return <-done }
}

// recovered waits until the memory is back near where it was, a minute at most, and returns what it is then.
func (g *siege) recovered(ctx context.Context, idle float64) (float64, error) {
	for begin := time.Now(); ; {
		now, err := g.server.memory()
		if err != nil || now-idle <= attackLeft<<20 || time.Since(begin) >= attackRecovery {
			return now, err
		}
		select {
		case <-ctx.Done():
			return now, ctx.Err()
		case <-time.After(time.Second):
		}
	}
}
