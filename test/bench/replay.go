package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"nelke/test/bench/tap"
)

// tape is what the server sent to PostgreSQL for each turn of a trial, one turn after another.
type tape struct {
	turns  [][]block
	result string // what the database held after the last one
}

// block is a transaction, or a statement outside of one: what needs one connection.
type block []tap.Statement

// record takes turns one after another at a server behind a tap. Its jobs wait meanwhile: what they do isn't part of a turn,
// though some of them come from one.
func (s *stage) record(ctx context.Context, t *trial) (_ *tape, err error) {
	d, err := s.copy(ctx, t.first)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.drop(ctx, d)) }()
	if err := d.pauseJobs(ctx); err != nil {
		return nil, err
	}
	heard, url, err := tap.New(ctx, d.url)
	if err != nil {
		return nil, err
	}
	defer heard.Close()
	recorded := &tape{}
	err = s.serving(ctx, settings{database: d, url: url}, func(server *child) error {
		_, err := drive(ctx, server.addr, 1, 0, t.warm+t.measured, func(c *caller, _, i int) error {
			if i == 0 { // reads the town, which stays outside
				if _, _, err := c.post("/graphql", "", []byte(`{"query":"{ municipalities { totalCount } }"}`)); err != nil {
					return err
				}
			}
			heard.Take()
			err := t.turn(c, i)
			recorded.turns = append(recorded.turns, blocks(heard.Take()))
			return err
		})
		return err
	})
	if err != nil {
		return nil, err
	}
	for i, turn := range recorded.turns {
		if n := len(slices.DeleteFunc(slices.Clone(turn), func(b block) bool { return !b.transaction() })); n != t.transactions {
			return nil, fmt.Errorf("turn %d took %d transactions that remember their outcome, not %d", i, n, t.transactions)
		}
	}
	recorded.result, err = d.fingerprint(ctx)
	return recorded, err
}

func (b block) transaction() bool { return b[0].Simple }

// blocks puts statements together by connection, and leaves out what the server does by itself meanwhile: a transaction
// of a mutation is one that remembers its outcome.
func blocks(seen []tap.Statement) (all []block) {
	open := map[int]int{} // connection to index of its transaction
	for _, s := range seen {
		at, within := open[s.Conn]
		switch verb := strings.ToLower(s.SQL); {
		case s.Simple && strings.HasPrefix(verb, "begin"):
			open[s.Conn] = len(all)
			all = append(all, block{s})
		case within:
			all[at] = append(all[at], s)
			if s.Simple && (strings.HasPrefix(verb, "commit") || strings.HasPrefix(verb, "rollback")) {
				delete(open, s.Conn)
			}
		case !s.Housekeeping():
			all = append(all, block{s})
		}
	}
	return slices.DeleteFunc(all, func(b block) bool {
		return b.transaction() && !slices.ContainsFunc(b, func(s tap.Statement) bool { return strings.Contains(s.SQL, "INSERT INTO idempotencies") })
	})
}

// statements are how many a turn takes on the average, in transactions (their beginnings and ends included) and outside.
func (t *tape) statements() (inside, outside float64) {
	for _, turn := range t.turns {
		for _, b := range turn {
			if b.transaction() {
				inside += float64(len(b))
			} else {
				outside++
			}
		}
	}
	n := float64(len(t.turns))
	return inside / n, outside / n
}

// script is the last turn's statements, a line each, with an empty line before each block.
func (t *tape) script() (b []byte) {
	for _, block := range t.turns[len(t.turns)-1] {
		b = append(b, '\n')
		for _, s := range block {
			b = append(append(b, strings.Join(strings.Fields(s.SQL), " ")...), ";\n"...)
		}
	}
	return b
}

// replay sends what is on the tape: same texts, same values, same order, one by one, each transaction on a connection
// of a pool of the same size, as many turns at a time as there are clients. In the end the database must hold the same.
func (s *stage) replay(ctx context.Context, first *database, t *tape, warm int) (o outcome, err error) {
	d, err := s.copy(ctx, first)
	if err != nil {
		return o, err
	}
	defer func() { err = errors.Join(err, s.drop(ctx, d)) }()
	names := t.names()
	config, err := pgxpool.ParseConfig(d.url)
	if err != nil {
		return o, err
	}
	config.MaxConns = int32(maxConns())
	config.MinConns = config.MaxConns
	config.AfterConnect = func(ctx context.Context, conn *pgx.Conn) error {
		for sql, name := range names {
			if _, err := conn.PgConn().Prepare(ctx, name, sql, nil); err != nil {
				return err
			}
		}
		return nil
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return o, err
	}
	defer pool.Close()
	if _, err := t.send(ctx, pool, names, t.turns[:warm]); err != nil {
		return o, err
	}
	if o, err = t.send(ctx, pool, names, t.turns[warm:]); err != nil {
		return o, err
	}
	result, err := d.fingerprint(ctx)
	if err == nil && result != t.result {
		err = errors.New("the database doesn't hold what it held after the recording")
	}
	return o, err
}

// names are those of prepared statements, by text.
func (t *tape) names() map[string]string {
	names := map[string]string{}
	for _, turn := range t.turns {
		for _, b := range turn {
			for _, s := range b {
				if _, known := names[s.SQL]; !known && !s.Simple {
					names[s.SQL] = fmt.Sprintf("s%d", len(names))
				}
			}
		}
	}
	return names
}

// send lets each client send its turns in their order.
func (t *tape) send(ctx context.Context, pool *pgxpool.Pool, names map[string]string, turns [][]block) (outcome, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	all := make([]latencies, connections)
	var running sync.WaitGroup
	begin := time.Now()
	for client := range connections {
		running.Go(func() {
			for i := client; i < len(turns); i += connections {
				at := time.Now()
				for _, b := range turns[i] {
					if err := b.send(ctx, pool, names); err != nil {
						cancel(fmt.Errorf("turn %d: %w", i, err))
						return
					}
				}
				all[client] = append(all[client], time.Since(at))
			}
		})
	}
	running.Wait()
	return elapsed(begin, all), context.Cause(ctx)
}

func (b block) send(ctx context.Context, pool *pgxpool.Pool, names map[string]string) error {
	return pool.AcquireFunc(ctx, func(conn *pgxpool.Conn) error {
		for _, s := range b {
			if err := send(ctx, conn.Conn().PgConn(), s, names); err != nil {
				return fmt.Errorf("%.60s: %w", s.SQL, err)
			}
		}
		return nil
	})
}

func send(ctx context.Context, conn *pgconn.PgConn, s tap.Statement, names map[string]string) error {
	if s.Simple {
		_, err := conn.Exec(ctx, s.SQL).ReadAll()
		return err
	}
	return conn.ExecPrepared(ctx, names[s.SQL], s.Params, s.Formats, s.Results).Read().Err
}

// fingerprint is a digest of all cells, appointments, applications and events.
func (d *database) fingerprint(ctx context.Context) (text string, err error) {
	err = d.with(ctx, func(conn *pgx.Conn) error {
		return conn.QueryRow(ctx, `SELECT concat_ws(' ',
			(SELECT md5(string_agg(l::text, ';' ORDER BY counter, cell)) FROM allocation l),
			(SELECT md5(string_agg(a::text, ';' ORDER BY id)) FROM appointments a),
			(SELECT md5(string_agg(a::text, ';' ORDER BY id)) FROM applications a),
			(SELECT md5(string_agg((stream, seq, hash)::text, ';' ORDER BY stream, seq)) FROM events))`).Scan(&text)
	})
	return text, err
}

// pauseJobs keeps a server that starts on the database later from working jobs. It takes a server that has been there.
func (d *database) pauseJobs(ctx context.Context) error {
	return d.with(ctx, func(conn *pgx.Conn) error {
		done, err := conn.Exec(ctx, `UPDATE river_queue SET paused_at = clock_timestamp()`)
		if err == nil && done.RowsAffected() == 0 {
			err = errors.New("there is no queue of jobs to pause")
		}
		return err
	})
}
