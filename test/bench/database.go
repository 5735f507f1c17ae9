package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"path/filepath"
	"slices"

	"github.com/jackc/pgx/v5"

	"nelke/data"
	"nelke/internal/schedule"
)

// database is one on the PostgreSQL of this run.
type database struct {
	name, url string
}

// base is a database with the town in it, from which others are copied.
func (s *stage) base(ctx context.Context) (*database, error) {
	return s.once("town", func() (*database, error) {
		file, err := s.town.write(s.folder)
		if err != nil {
			return nil, err
		}
		return s.imported(ctx, file)
	})
}

// blomberg is a database with Blomberg in it, whose services have forms.
func (s *stage) blomberg(ctx context.Context) (*database, error) {
	return s.once("Blomberg", func() (*database, error) {
		return s.imported(ctx, filepath.Join("data", filepath.FromSlash(data.Blomberg)))
	})
}

// once makes a database when it is first asked for. It stays to the end.
func (s *stage) once(name string, create func() (*database, error)) (*database, error) {
	if d := s.kept[name]; d != nil {
		return d, nil
	}
	d, err := create()
	if err == nil {
		s.kept[name] = d
	}
	return d, err
}

// imported is a new database with a town from its file.
func (s *stage) imported(ctx context.Context, file string) (*database, error) {
	d, err := s.create(ctx, "template0")
	if err != nil {
		return nil, err
	}
	environment := []string{"DATABASE_URL=" + d.url, "NELKE_DATA=" + s.folder}
	if err := s.command(ctx, environment, "migrate"); err != nil {
		return nil, err
	}
	return d, s.command(ctx, environment, "import", file)
}

// copy is a database of the same content as another, to which nobody may be connected.
func (s *stage) copy(ctx context.Context, of *database) (*database, error) {
	return s.create(ctx, of.name)
}

func (s *stage) create(ctx context.Context, template string) (*database, error) {
	u, err := url.Parse(s.admin)
	if err != nil {
		return nil, fmt.Errorf("URL of the maintenance database: %w", err)
	}
	d := &database{name: fmt.Sprintf("nelke_bench_%08x", rand.Uint32())}
	u.Path = "/" + d.name
	d.url = u.String()
	if err := s.administer(ctx, fmt.Sprintf("CREATE DATABASE %s TEMPLATE %s", d.name, template)); err != nil {
		return nil, err
	}
	s.made = append(s.made, d)
	return d, nil
}

func (s *stage) drop(ctx context.Context, d *database) error {
	s.made = slices.DeleteFunc(s.made, func(other *database) bool { return other == d })
	return s.administer(ctx, "DROP DATABASE "+d.name+" WITH (FORCE)")
}

func (s *stage) administer(ctx context.Context, statement string) (err error) {
	conn, err := pgx.Connect(ctx, s.admin)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close(ctx)) }()
	_, err = conn.Exec(ctx, statement)
	return err
}

// with runs work on a connection of its own.
func (d *database) with(ctx context.Context, work func(*pgx.Conn) error) (err error) {
	conn, err := pgx.Connect(ctx, d.url)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close(ctx)) }()
	return work(conn)
}

// ofDemo marks it as one that a demo has made: only such a database opens to staff with a demo's tokens.
func (d *database) ofDemo(ctx context.Context) error {
	return d.with(ctx, func(conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, "INSERT INTO demo_marks (name, at) VALUES ('demo', now()) ON CONFLICT DO NOTHING")
		return err
	})
}

// seedCalendar takes a third of the calendar's time.
func (s *stage) seedCalendar(ctx context.Context, d *database) error {
	return s.seed(ctx, d, s.town.calendar(), takenCells)
}

// seed takes cells of an office's counters.
func (s *stage) seed(ctx context.Context, d *database, o office, cells func(counters []int64, from schedule.Date) []schedule.Allocation) error {
	return d.with(ctx, func(conn *pgx.Conn) error {
		counters, err := numbers(ctx, conn, o.slug)
		if err != nil {
			return err
		}
		var rows [][]any
		for i, cell := range cells(counters, s.from()) {
			rows = append(rows, []any{cell.Counter, cell.Cell, fmt.Sprintf("appointment_%026d", i/6)})
		}
		if _, err := conn.CopyFrom(ctx, pgx.Identifier{"allocation"}, []string{"counter", "cell", "appointment_id"}, pgx.CopyFromRows(rows)); err != nil {
			return err
		}
		_, err = conn.Exec(ctx, "VACUUM ANALYZE")
		return err
	})
}

// numbers are the counters of an office as its cells name them.
func numbers(ctx context.Context, conn *pgx.Conn, slug string) ([]int64, error) {
	rows, err := conn.Query(ctx, `SELECT c.number FROM counters c JOIN offices o ON o.id = c.office_id
		WHERE o.slug = $1 ORDER BY c.position, c.id`, slug)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[int64])
}

// ids are those of a table by slug.
func ids(ctx context.Context, conn *pgx.Conn, table string) (map[string]string, error) {
	rows, err := conn.Query(ctx, "SELECT slug, id FROM "+pgx.Identifier{table}.Sanitize())
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	found := map[string]string{}
	for rows.Next() {
		var slug, id string
		if err := rows.Scan(&slug, &id); err != nil {
			return nil, err
		}
		found[slug] = id
	}
	return found, rows.Err()
}
