package store

import (
	"context"
	"database/sql"
	"fmt"
	"runtime"
	"time"

	"entgo.io/ent/dialect"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/stdlib"
)

func (s *Store) openPostgres(cfg Config) error {
	s.Dialect = dialect.Postgres
	conn, err := postgresConfig(cfg.DatabaseURL)
	if err != nil {
		return err
	}
	// A statement that runs, waits, or leaves its transaction idle for so long is stuck: other people wait behind it.
	for name, value := range map[string]string{
		"statement_timeout":                   "30s",
		"lock_timeout":                        "10s",
		"idle_in_transaction_session_timeout": "30s",
	} {
		if _, set := conn.RuntimeParams[name]; !set {
			conn.RuntimeParams[name] = value
		}
	}
	if cfg.Tracer != nil {
		conn.Tracer = tracedPostgres{cfg.Tracer}
	}
	n := cfg.MaxConns
	if n == 0 {
		n = max(8, 6*runtime.GOMAXPROCS(0))
	}
	connections := &connections{vitals: &s.vitals}
	s.connections = connections
	conn.OnPgError = connections.judge(conn.OnPgError)
	if s.clock == nil {
		s.skew = &skew{process: cfg.Process}
		if s.skew.process == nil {
			s.skew.process = time.Now
		}
	}
	pool := func(n int) *sql.DB {
		db := stdlib.OpenDB(*conn, stdlib.OptionResetSession(connections.reset), stdlib.OptionAfterConnect(func(ctx context.Context, conn *pgx.Conn) error {
			connections.open(conn)
			if s.skew != nil {
				if err := s.skew.connected(ctx, conn); err != nil {
					return err
				}
			}
			return readUTC(ctx, conn)
		}))
		db.SetMaxOpenConns(n)
		db.SetMaxIdleConns(n)
		db.SetConnMaxIdleTime(5 * time.Minute)
		db.SetConnMaxLifetime(time.Hour)
		return db
	}
	read, write, jobs := shares(n)
	s.read, s.write, s.jobs = pool(read), pool(write), pool(jobs)
	return nil
}

// shares divide connections: those who read never wait for those who write, who may wait for each other's rows, and the
// job queue's housekeeping waits for neither. Each has one at least.
func shares(n int) (read, write, jobs int) {
	jobs = max(1, n/6)
	write = max(1, (n-jobs)/2)
	return max(1, n-jobs-write), write, jobs
}

func postgresConfig(url string) (*pgx.ConnConfig, error) {
	conn, err := pgx.ParseConfig(url) // its error hides the password
	if err != nil {
		return nil, fmt.Errorf("database URL: %w", err)
	}
	if conn.ConnectTimeout == 0 {
		conn.ConnectTimeout = 5 * time.Second
	}
	if conn.RuntimeParams["application_name"] == "" {
		conn.RuntimeParams["application_name"] = "nelke"
	}
	return conn, nil
}

// readUTC makes instants come back in UTC, as from SQLite, rather than in the zone of this process.
func readUTC(_ context.Context, conn *pgx.Conn) error {
	conn.TypeMap().RegisterType(&pgtype.Type{
		Name: "timestamptz", OID: pgtype.TimestamptzOID, Codec: &pgtype.TimestamptzCodec{ScanLocation: time.UTC},
	})
	return nil
}

// patientPostgres is a small pool of its own without time limits on statements and locks: for migrations.
func patientPostgres(url string) (*sql.DB, error) {
	conn, err := postgresConfig(url)
	if err != nil {
		return nil, err
	}
	db := stdlib.OpenDB(*conn, stdlib.OptionAfterConnect(readUTC))
	db.SetMaxOpenConns(4)
	return db, nil
}
