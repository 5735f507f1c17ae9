package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"time"

	"nelke/server"
)

// setUp is what the story's servers stand on.
type setUp struct {
	title                 string
	databaseURL, redisURL string
	processes             []string // their names

	// network stands between people and the servers; nil: nothing does.
	network func(http.RoundTripper) http.RoundTripper
}

// embedded is the default: one process, an SQLite file, nothing else.
func embedded() setUp {
	return setUp{title: "SQLite in a folder, one process", processes: []string{""}}
}

// atScale is two processes on an empty PostgreSQL database and a Redis.
func atScale(databaseURL, redisURL string) setUp {
	return setUp{
		title:       "PostgreSQL and Redis, two processes",
		databaseURL: databaseURL, redisURL: redisURL, processes: []string{"A", "B"},
	}
}

// scene is the running servers with their common clock.
type scene struct {
	clock    *clock
	zone     *time.Location
	settings settings
	running  []*process
	http     *http.Client
	migrated int // migrations applied before the processes began; 0: they did it themselves
}

// first and second say which process somebody talks to: with two, what one person does must reach the other through the
// database and Redis.
func (s *scene) first() *process  { return s.running[0] }
func (s *scene) second() *process { return s.running[len(s.running)-1] }

// elsewhere is where else somebody at a process may come out: the other one, if there is one.
func (s *scene) elsewhere(from *process) *process {
	if from == s.first() {
		return s.second()
	}
	return s.first()
}

// raise starts the servers, in a temporary folder. drop ends them and removes it; only a graceful end is a good one.
func raise(ctx context.Context, up setUp) (_ *scene, drop func() error, err error) {
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		return nil, nil, err
	}
	folder, err := os.MkdirTemp("", "nelke-story-")
	if err != nil {
		return nil, nil, err
	}
	s := &scene{
		clock: &clock{}, zone: zone, http: &http.Client{Transport: &http.Transport{}},
		settings: settings{
			Data: folder, DatabaseURL: up.databaseURL, RedisURL: up.redisURL, RedisPrefix: "nelke-story-" + rand.Text()[:10],
			PaymentSecret: rand.Text() + rand.Text(),
		},
	}
	if up.network != nil {
		s.http.Transport = up.network(s.http.Transport)
	}
	end := func() error {
		s.http.CloseIdleConnections()
		var errs []error
		for _, p := range s.running {
			errs = append(errs, p.stop())
		}
		return errors.Join(append(errs, os.RemoveAll(folder))...)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, end())
		}
	}()
	// A Monday before the office opens. The real date and hour would make another story each time, and none on Sundays.
	s.clock.Set(time.Date(2026, time.November, 23, 7, 30, 0, 0, zone))
	if up.databaseURL != "" {
		if s.migrated, err = server.Migrate(ctx, s.config(), false); err != nil {
			return nil, nil, err
		}
	}
	for _, name := range up.processes {
		p, err := start(name, s.settings, time.Duration(s.clock.ahead.Load()))
		if err != nil {
			return nil, nil, err
		}
		s.running = append(s.running, p)
	}
	return s, end, nil
}

// config is for what the program does beside serving: migrate, token, audit.
func (s *scene) config() server.Config {
	return s.settings.config(s.clock.Now, slog.New(slog.DiscardHandler))
}

// now is the time in the story.
func (s *scene) now() time.Time { return s.clock.Now().In(s.zone) }

// at is a time of the story's day.
func (s *scene) at(hour, minute int) time.Time {
	year, month, day := s.now().Date()
	return time.Date(year, month, day, hour, minute, 0, 0, s.zone)
}

// turn sets all clocks to a time of the story's day.
func (s *scene) turn(hour, minute int) error {
	s.clock.Set(s.at(hour, minute))
	for _, p := range s.running {
		if err := p.turn(time.Duration(s.clock.ahead.Load())); err != nil {
			return err
		}
	}
	return nil
}

// token is a staff member's, as `nelke token` mints it.
func (s *scene) token(name, role string) (string, error) {
	return server.Token(s.config(), name, name, []string{role}, 12*time.Hour)
}

// audit checks the chain of events, as `nelke audit` does.
func (s *scene) audit(ctx context.Context) (events int, err error) {
	events, faults, err := server.Audit(ctx, s.config())
	if err == nil && len(faults) > 0 {
		err = fmt.Errorf("nelke audit found %d faults: %v", len(faults), faults)
	}
	return events, err
}
