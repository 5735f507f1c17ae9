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
)

// tape is what the server sent to PostgreSQL for each pair of hold and book, one pair after another.
type tape struct {
	pairs  [][]block
	result string // what the database held after the last one
}

// block is a transaction, or a statement outside of one: what needs one connection.
type block []statement

// record makes pairs one after another at a server behind a tap.
func (s *stage) record(ctx context.Context, first *database, r *reception, warm, measured int) (_ *tape, err error) {
	d, err := s.copy(ctx, first)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.drop(ctx, d)) }()
	tap, url, err := newTap(ctx, d)
	if err != nil {
		return nil, err
	}
	defer tap.close()
	t := &tape{}
	err = s.serving(ctx, settings{database: d, url: url}, func(server *child) error {
		_, err := drive(ctx, server.addr, 1, 0, warm+measured, func(c *caller, _, i int) error {
			if i == 0 { // reads the town, which stays outside
				if _, _, err := c.post("/graphql", "", []byte(`{"query":"{ municipalities { totalCount } }"}`)); err != nil {
					return err
				}
			}
			tap.take()
			err := r.holdAndBook(c, r.keys[i%connections], r.starts[i])
			t.pairs = append(t.pairs, blocks(tap.take()))
			return err
		})
		return err
	})
	if err != nil {
		return nil, err
	}
	for i, pair := range t.pairs {
		if n := len(slices.DeleteFunc(slices.Clone(pair), func(b block) bool { return !b.transaction() })); n != 2 {
			return nil, fmt.Errorf("pair %d took %d transactions that remember their outcome, not 2", i, n)
		}
	}
	t.result, err = d.fingerprint(ctx)
	return t, err
}

func (b block) transaction() bool { return b[0].simple }

// blocks puts statements together by connection, and leaves out what the server does by itself meanwhile: a transaction
// of a mutation is one that remembers its outcome.
func blocks(seen []statement) (all []block) {
	open := map[int]int{} // connection to index of its transaction
	for _, s := range seen {
		at, within := open[s.conn]
		switch verb := strings.ToLower(s.sql); {
		case s.simple && strings.HasPrefix(verb, "begin"):
			open[s.conn] = len(all)
			all = append(all, block{s})
		case within:
			all[at] = append(all[at], s)
			if s.simple && (strings.HasPrefix(verb, "commit") || strings.HasPrefix(verb, "rollback")) {
				delete(open, s.conn)
			}
		case !s.housekeeping():
			all = append(all, block{s})
		}
	}
	return slices.DeleteFunc(all, func(b block) bool {
		return b.transaction() && !slices.ContainsFunc(b, func(s statement) bool { return strings.Contains(s.sql, "INSERT INTO idempotencies") })
	})
}

// statements are how many a pair takes on the average, in transactions (their beginnings and ends included) and outside.
func (t *tape) statements() (inside, outside float64) {
	for _, pair := range t.pairs {
		for _, b := range pair {
			if b.transaction() {
				inside += float64(len(b))
			} else {
				outside++
			}
		}
	}
	n := float64(len(t.pairs))
	return inside / n, outside / n
}

// script is the last pair's statements, a line each, with an empty line before each block.
func (t *tape) script() (b []byte) {
	for _, block := range t.pairs[len(t.pairs)-1] {
		b = append(b, '\n')
		for _, s := range block {
			b = append(append(b, strings.Join(strings.Fields(s.sql), " ")...), ";\n"...)
		}
	}
	return b
}

// replay sends what is on the tape: same texts, same values, same order, one by one, each transaction on a connection
// of a pool of the same size, as many pairs at a time as there are clients. In the end the database must hold the same.
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
	if _, err := t.send(ctx, pool, names, t.pairs[:warm]); err != nil {
		return o, err
	}
	if o, err = t.send(ctx, pool, names, t.pairs[warm:]); err != nil {
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
	for _, pair := range t.pairs {
		for _, b := range pair {
			for _, s := range b {
				if _, known := names[s.sql]; !known && !s.simple {
					names[s.sql] = fmt.Sprintf("s%d", len(names))
				}
			}
		}
	}
	return names
}

// send lets each client send its pairs in their order.
func (t *tape) send(ctx context.Context, pool *pgxpool.Pool, names map[string]string, pairs [][]block) (outcome, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	all := make([]latencies, connections)
	var running sync.WaitGroup
	begin := time.Now()
	for client := range connections {
		running.Go(func() {
			for i := client; i < len(pairs); i += connections {
				at := time.Now()
				for _, b := range pairs[i] {
					if err := b.send(ctx, pool, names); err != nil {
						cancel(fmt.Errorf("pair %d: %w", i, err))
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
			if err := s.send(ctx, conn.Conn().PgConn(), names); err != nil {
				return fmt.Errorf("%.60s: %w", s.sql, err)
			}
		}
		return nil
	})
}

func (s statement) send(ctx context.Context, conn *pgconn.PgConn, names map[string]string) error {
	if s.simple {
		_, err := conn.Exec(ctx, s.sql).ReadAll()
		return err
	}
	return conn.ExecPrepared(ctx, names[s.sql], s.params, s.formats, s.results).Read().Err
}

// fingerprint is a digest of all cells, appointments and events.
func (d *database) fingerprint(ctx context.Context) (text string, err error) {
	err = d.with(ctx, func(conn *pgx.Conn) error {
		return conn.QueryRow(ctx, `SELECT concat_ws(' ',
			(SELECT md5(string_agg(l::text, ';' ORDER BY counter, cell)) FROM allocation l),
			(SELECT md5(string_agg(a::text, ';' ORDER BY id)) FROM appointments a),
			(SELECT md5(string_agg((stream, seq, hash)::text, ';' ORDER BY stream, seq)) FROM events))`).Scan(&text)
	})
	return text, err
}
